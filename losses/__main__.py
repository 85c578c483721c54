"""python -m losses: the losses on the command line. Without a command it gives the tour."""

import argparse
import difflib
import os
import sys
import textwrap
from pathlib import Path

from losses import catalog

WIDTH = 100  # columns of a terminal

ABOUT = {  # command -> what it does, and how it is called
    "tour": ("Draw the losses, train networks under several of them, and show the difference: "
             "pictures, and a page index.html that explains them.",
             ["", "--out pictures", "--seed 1 --show"]),
    "list": ("List the losses: family, name, formula, and the gradient at a few points.",
             ["list"]),
    "shape": ("Draw losses by name: value, gradient and curvature; different kinds side by side.",
              ["shape huber", "shape huber mse mae --out shape.png",
               "shape hinge logistic --show"]),
    "compare": ("Train the same network on your own CSV file under several losses.",
                ["compare houses.csv --target price",
                 "compare houses.csv --target price --losses mse mae huber"]),
}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line, and exit status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see --help)\n")


def main(argv=None) -> int:
    argv = list(sys.argv[1:] if argv is None else argv)
    command = argv.pop(0) if argv and not argv[0].startswith("-") else "tour"
    if command not in ABOUT:
        parser_of("tour").error(f"there is no command {command!r}{nearest(command, ABOUT)} "
                                f"(there are {', '.join(ABOUT)})")
    parser = parser_of(command)
    return COMMANDS[command](parser, argv)


def parser_of(command) -> Parser:
    """A parser whose --help says what the command does and shows examples."""
    prog = "python -m losses" + f" {command}" * (command != "tour")
    shown = [command] if command != "tour" else ABOUT
    examples = [f"  python -m losses {call}".rstrip() for name in shown for call in ABOUT[name][1]]
    about = textwrap.fill(ABOUT[command][0], WIDTH - 2)
    if command == "tour":
        about += "\n\ncommands (each has its own --help; without one you get the tour):\n"
        about += "\n".join(f"  {name:<9}{text}" for name, (text, _) in ABOUT.items()
                           if name != "tour")
    return Parser(prog=prog, description=about, epilog="\n".join(["examples:", *examples]),
                  formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)


# -- the commands: each adds its options, reads them, and does its work ----------------------------


def tour_command(parser, argv) -> int:
    """python -m losses"""
    parser.add_argument("--out", default="gallery", metavar="FOLDER",
                        help="where the pictures and index.html go (default: gallery)")
    parser.add_argument("--show", action="store_true", help="open the pictures in windows as well")
    parser.add_argument("--seed", type=int, default=0,
                        help="of the first weights and the order of the batches (default: 0)")
    options = parser.parse_args(argv)
    if options.seed < 0:
        parser.error(f"--seed must be 0 or more, not {options.seed}")
    if options.show:
        check_screen(parser)
    if not options.out:
        parser.error("--out needs the name of a folder; . is the one you are in")
    folder = writable_folder(parser, Path(options.out))
    from losses.tour import tour
    tour(folder, options.seed, options.show)
    return 0


def list_command(parser, argv) -> int:
    """python -m losses list"""
    parser.parse_args(argv)
    rows = listing()
    if not printable("\n".join(rows)):  # a terminal without Greek: spell it out, and align anew
        rows = listing(spelled_out)
    print("\n".join(rows))
    return 0


def shape_command(parser, argv) -> int:
    """python -m losses shape NAME ..."""
    parser.add_argument("names", nargs="+", metavar="LOSS",
                        help="names that `python -m losses list` shows")
    parser.add_argument("--out", default="shape.png", metavar="FILE",
                        help="the picture: .png, .pdf or .svg (default: shape.png)")
    parser.add_argument("--show", action="store_true", help="open the picture in a window as well")
    options = parser.parse_args(argv)
    from losses import shapes
    from minigrad import palette
    chosen = [named(parser, name) for name in dict.fromkeys(options.names)]
    for loss in chosen:
        try:
            shapes.drawable(loss)
        except ValueError as error:
            parser.error(str(error))
    if options.show:
        check_screen(parser)
    file = Path(options.out)
    if file.suffix.lower() not in (".png", ".pdf", ".svg"):
        parser.error(f"--out needs a file name that ends in .png, .pdf or .svg, not "
                     f"{options.out!r}")
    if file.is_dir():
        parser.error(f"cannot write to {file}: it is a folder")
    writable_folder(parser, file.parent)
    import matplotlib
    with matplotlib.rc_context(palette.STYLE):
        figure = (shapes.draw_losses(chosen, options.show) if len(chosen) > 1
                  else shapes.draw_loss(chosen[0], show=options.show))
        try:
            figure.savefig(file)
        except OSError as error:
            parser.error(f"cannot write to {file}: {error.strerror}")
    print(f"{file} shows {shapes.list_of([loss.__name__ for loss in chosen], width=1000)}")
    if options.show:
        from matplotlib import pyplot
        pyplot.show()
    return 0


def compare_command(parser, argv) -> int:
    """python -m losses compare: the options and the work are those of compare.py."""
    from losses import compare
    compare.arguments(parser)
    try:
        compare.main(parser.parse_args(argv))
    except compare.InputError as error:
        parser.error(str(error))
    return 0


COMMANDS = {"tour": tour_command, "list": list_command, "shape": shape_command,
            "compare": compare_command}


# -- checks, made before any work is done ----------------------------------------------------------


def nearest(word, known) -> str:
    """A question that names the nearest known word; nothing, where none is near."""
    near = difflib.get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def named(parser, name):
    """The loss of this name in the catalogue."""
    known = {entry.name: entry.loss for entry in catalog()}
    if name not in known:
        parser.error(f"there is no loss {name!r}{nearest(name, known)} (python -m losses list "
                     "shows them all)")
    return known[name]


def check_screen(parser) -> None:
    """Refuse --show where matplotlib can open no window."""
    import matplotlib
    from matplotlib import pyplot
    registry, kind = matplotlib.backends.backend_registry, matplotlib.backends.BackendFilter
    with_windows = map(str.lower, registry.list_builtin(kind.INTERACTIVE))
    if pyplot.get_backend().lower() not in with_windows:
        parser.error("--show needs a screen, and there is none; without it the pictures are "
                     "written to files")


def writable_folder(parser, folder: Path) -> Path:
    """Make the folder if it is missing; refused if nothing can be written to it."""
    from losses.page import writable
    try:
        return writable(folder)
    except ValueError as error:
        parser.error(str(error))


# -- the list --------------------------------------------------------------------------------------

SPELLED_OUT = {"²": "^2", "½": "0.5 ", "√": "sqrt", "Σ": "sum ", "δ": "delta", "γ": "gamma",
               "ₜ": "_t", "−": "-", "≤": "<=", "≠": "!=", "·": "*"}


def spelled_out(text) -> str:
    """A formula in ASCII, for a terminal that has no other signs."""
    for sign, letters in SPELLED_OUT.items():
        text = text.replace(sign, letters)
    return text.encode("ascii", errors="replace").decode()


def printable(text) -> bool:
    """Whether standard output has all the signs of the text."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def listing(spell=str) -> list[str]:
    """The catalogue as lines of text; `spell` writes a cell with the signs that there are."""
    entries = catalog()
    widest = max(len(entry.name) for entry in entries)
    lines = [spell("Gradient of one example's loss, by the engine, with the default options "
                   "(reduction \"none\").")]
    for family in dict.fromkeys(entry.family for entry in entries):
        members = [entry for entry in entries if entry.family == family]
        for kind in dict.fromkeys(entry.pred for entry in members):
            lines += ["", *heading(family, kind, spell)]
            lines += [line(entry, widest, spell) for entry in members if entry.pred == kind]
    return lines


NO_LINE = {"batch": "one number of a whole batch, no example has a gradient of its own"}


def heading(family, kind, spell) -> list[str]:
    """What the numbers of a group are: the gradient over which axis, at which points."""
    from losses.shapes import AXES
    if kind not in AXES:
        return [spell(f"{family}, {kind}: {NO_LINE.get(kind, 'shapes.AXES has no line for it')}")]
    points = "".join(f"{point:>8g}" for point in AXES[kind].points)
    title = spell(f"{family}, {kind}")
    over = spell(f"gradient at {AXES[kind].label}")
    return [f"{title}{over:>{WIDTH - len(title)}}", f"{points:>{WIDTH}}"]


def line(entry, widest, spell) -> str:
    """One loss: its name, its formula, its gradients; a long formula goes to a line of its own."""
    numbers, formula = gradients(entry), spell(entry.formula)
    room = WIDTH - len(numbers) - widest - 3
    if len(formula) > room:
        return f"  {entry.name:<{widest}} {'':<{room}}{numbers}".rstrip() + f"\n      {formula}"
    return f"  {entry.name:<{widest}} {formula:<{room}}{numbers}".rstrip()


def gradients(entry) -> str:
    """The gradient at each of the points, in columns of eight; nothing, if there is no line."""
    from losses.shapes import AXES, shape
    if entry.pred not in AXES:
        return ""
    slopes = shape(entry.loss, AXES[entry.pred].points, pred=entry.pred).gradient
    return "".join(f"{round(slope, 3) + 0.0:>8g}" for slope in slopes)  # + 0.0: no -0


# -- the start -------------------------------------------------------------------------------------


def run() -> int:
    """main, for a terminal: never a traceback because of what the terminal can show, or is gone."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever was reading has seen enough: python -m losses list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130


if __name__ == "__main__":
    sys.exit(run())
