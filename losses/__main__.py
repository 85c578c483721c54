"""python -m losses: draw the losses, train a network under three of them, show the difference."""

import argparse
import sys
import tempfile
from pathlib import Path


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line, and exit status 2."""
        self.exit(2, f"python -m losses: {message} (see --help)\n")


def arguments(argv):
    parser = Parser(prog="python -m losses", description=__doc__, allow_abbrev=False)
    parser.add_argument("--out", default="gallery", metavar="FOLDER",
                        help="where the pictures and index.html go (default: gallery)")
    parser.add_argument("--show", action="store_true", help="open the pictures in windows as well")
    parser.add_argument("--seed", type=int, default=0,
                        help="of the first weights and the order of the batches (default: 0)")
    options = parser.parse_args(argv)
    if options.seed < 0:
        parser.error(f"--seed must be 0 or more, not {options.seed}")
    if options.show:
        import matplotlib
        from matplotlib import pyplot
        if pyplot.get_backend().lower() not in map(str.lower, interactive(matplotlib)):
            parser.error("--show needs a screen, and there is none; without it the pictures are "
                         "written to files")
    if not options.out:
        parser.error("--out needs the name of a folder; . is the one you are in")
    options.out = Path(options.out)
    try:  # before any work is done: can the folder be written to?
        options.out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=options.out).close()
    except OSError as error:
        parser.error(f"cannot write to the folder {options.out}: {error.strerror}")
    return options


def interactive(matplotlib):
    """The names of matplotlib's backends that open windows."""
    return matplotlib.backends.backend_registry.list_builtin(
        matplotlib.backends.BackendFilter.INTERACTIVE)


def main(argv=None) -> int:
    options = arguments(argv)
    from .tour import tour
    tour(options.out, options.seed, options.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
