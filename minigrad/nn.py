"""Networks: a layer is a small record of tensors with a call; a model is layers in a row.

Shapes: a batch of n examples with f features is an array (n, f). A layer from `in` to `out` takes
(n, in) to (n, out), and any further axes in front likewise.
"""

import os

import numpy as np

from . import functional
from .derivatives import linear
from .tensor import FLOATS, Tensor

ACTIVATIONS = {name: getattr(functional, name) for name in
               ("relu", "leaky_relu", "tanh", "sigmoid", "softplus", "gelu", "identity")}

# The standard deviation of the first weights, chosen so that signals neither die nor explode.
INITIALISATIONS = {"he": lambda n_in, n_out: np.sqrt(2.0 / n_in),
                   "xavier": lambda n_in, n_out: np.sqrt(2.0 / (n_in + n_out))}


class Module:
    """Anything that holds tensors and computes with them.

    Write `__init__`, which stores tensors, modules, or lists, tuples, dicts of them as attributes,
    and `forward`, which computes. Every leaf that is found this way is a parameter, a frozen one as
    well, in the order in which the attributes were set.
    """

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def forward(self, *inputs, **options):
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): write one")

    def named_parameters(self) -> list[tuple[str, Tensor]]:
        """Pairs such as ("layers.0.weight", tensor), each tensor once, in definition order."""
        found = list(_members(self, "", set()))
        names = [name for name, _ in found]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two parameters have the name {twice}: rename a key")
        return found

    def parameters(self) -> list[Tensor]:
        """The parameters in definition order."""
        return [tensor for _, tensor in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forget all gradients, so that the next backward pass starts afresh."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all values by name."""
        return {name: tensor.data.copy() for name, tensor in self.named_parameters()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Take over the values of `state`.

        ValueError if names or shapes are not exactly the model's, or what they hold does not fit
        its dtype; nothing has changed then.
        """
        parameters, arrays = dict(self.named_parameters()), {}
        if missing := [name for name in parameters if name not in state]:
            raise ValueError(f"the state lacks {missing}; the model has {list(parameters)}")
        if surplus := [name for name in state if name not in parameters]:
            raise ValueError(f"the model has no {surplus}; it has {list(parameters)}")
        for name, tensor in parameters.items():
            array = np.asarray(state[name])
            if array.shape != tensor.shape:
                raise ValueError(f"{name}: the model has shape {tensor.shape}, the state "
                                 f"{array.shape}")
            if not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
                raise ValueError(f"{name} holds {array.dtype} in the state, not numbers")
            if (np.isfinite(array) & (np.abs(array) > np.finfo(tensor.dtype).max)).any():
                raise ValueError(f"{name} holds a number too large for {tensor.dtype}")
            arrays[name] = array.astype(tensor.dtype)
        for name, tensor in parameters.items():
            tensor.data = arrays[name]

    def save(self, path) -> None:
        """Write all values to one .npz file, under exactly this path.

        The file is written beside its place and then put there in one step: if anything goes
        wrong on the way, an older file of that name is still whole. ValueError if a parameter of
        the model itself is called file or allow_pickle.
        """
        if clash := dict(self.named_parameters()).keys() & {"file", "allow_pickle"}:
            raise ValueError(f"np.savez keeps the name {clash.pop()!r} for itself: rename it")
        draft = f"{os.fspath(path)}.{os.getpid()}.draft"
        try:
            with open(draft, "wb") as file:
                np.savez(file, **self.state_dict())
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            if os.path.exists(draft):
                os.unlink(draft)

    def load(self, path) -> None:
        """Take over the values in a file that `save` wrote.

        ValueError, with the file's name, if it is damaged or made by another model; nothing has
        changed then. FileNotFoundError if it is not there.
        """
        with open(path, "rb") as raw:
            try:
                with np.load(raw, allow_pickle=False) as file:
                    self.load_state_dict({name: file[name] for name in file.files})
            except Exception as error:  # zipfile, zlib and NumPy say "damaged" in a dozen ways
                raise ValueError(f"{os.fspath(path)} is damaged, no file of saved parameters, or "
                                 f"does not fit this model: {error}") from None

    def __repr__(self):
        return _listed(self, (f"{name}: {p.shape}" for name, p in self.named_parameters()))


class Linear(Module):
    """x @ weight + bias: every output is a weighted sum of all inputs.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool
    init : "he" or "xavier"
        Normal with variance 2 / in (He, Zhang, Ren and Sun 2015, Delving Deep into Rectifiers,
        equation 10; for relu) or 2 / (in + out) (Glorot and Bengio 2010, Understanding the
        difficulty of training deep feedforward neural networks, equation 16, there uniform with
        the same variance; for tanh and sigmoid). The bias begins at 0.
    rng : int or Generator, optional
        A seed makes the first weights reproducible.
    dtype : float64 or float32

    Shapes
    ------
    (..., in_features) -> (..., out_features); weight (in, out), bias (out,).

    Raises
    ------
    ValueError
        If a size is below 1 or the initialisation unknown.

    >>> layer = Linear(2, 3, rng=0)
    >>> layer(np.ones((5, 2))).shape
    (5, 3)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, init: str = "he",
                 rng=None, dtype=np.float64):
        for size in (in_features, out_features):
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"a layer's sizes are whole numbers from 1 up, not {size!r}")
        if not isinstance(bias, bool):
            raise TypeError(f"bias is True or False, not {bias!r}: give init and rng by name")
        if np.dtype(dtype) not in FLOATS:
            raise TypeError(f"a layer's dtype is float64 or float32, not {dtype!r}")
        scale = _named(init, INITIALISATIONS, "initialisation")(in_features, out_features)
        weight = np.random.default_rng(rng).normal(0.0, scale, (in_features, out_features))
        self.weight = Tensor(weight.astype(dtype), requires_grad=True)
        self.bias = Tensor(np.zeros(out_features, dtype), requires_grad=True) if bias else None

    def forward(self, x):
        return x @ self.weight if self.bias is None else linear(x, self.weight, self.bias)

    def __repr__(self):
        bias = "no bias" if self.bias is None else f"bias {self.bias.shape}"
        return f"Linear: weight {self.weight.shape}, {bias}, {_count(self)}"


class Sequential(Module):
    """Modules and plain functions, one after the other.

    >>> model = Sequential(Linear(2, 8, rng=0), np.tanh, Linear(8, 1, rng=1))
    >>> model(np.zeros((4, 2))).shape
    (4, 1)
    """

    def __init__(self, *layers):
        for layer in layers:
            if not callable(layer):
                raise TypeError(f"Sequential takes modules and functions, not {layer!r}")
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self):
        return _listed(self, (repr(layer) if isinstance(layer, Module) else
                              getattr(layer, "__name__", repr(layer)) for layer in self.layers))


class MLP(Sequential):
    """A multi-layer perceptron: linear layers with an activation between them, none at the end.

    Parameters
    ----------
    sizes : list of int
        Features of the input, of each hidden layer, and of the output: at least two numbers.
    activation : str or function
        One of ACTIVATIONS by name, or any function of a Tensor.
    init : "he" or "xavier", optional
        As in `Linear`; by default "xavier" for tanh and sigmoid, "he" for all others.
    rng, dtype : as in `Linear`

    Shapes
    ------
    (..., sizes[0]) -> (..., sizes[-1])

    Raises
    ------
    ValueError
        If there are fewer than two sizes, one is below 1, or a name is unknown.

    >>> MLP([64, 128, 10], rng=0)
    MLP(
      Linear: weight (64, 128), bias (128,), 8,320 parameters
      relu
      Linear: weight (128, 10), bias (10,), 1,290 parameters
      9,610 parameters
    )
    """

    def __init__(self, sizes, activation="relu", init: str | None = None, rng=None,
                 dtype=np.float64):
        if np.ndim(sizes) != 1 or len(sizes) < 2:
            raise ValueError(f"an MLP needs a list of sizes, of input and output at least, as "
                             f"in [64, 128, 10], not {sizes!r}")
        if init is None:
            name = getattr(activation, "__name__", activation)
            init = "xavier" if name in ("tanh", "sigmoid") else "he"
        if not callable(activation):
            activation = _named(activation, ACTIVATIONS, "activation")
        rng = np.random.default_rng(rng)
        layers = []
        for size_in, size_out in zip(sizes, sizes[1:], strict=False):
            layers += [Linear(size_in, size_out, init=init, rng=rng, dtype=dtype), activation]
        super().__init__(*layers[:-1])


def _members(value, name, seen):
    """Yield (name, tensor) for every tensor in a module, list or dict, each tensor once."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor) and value.op is None:  # a result is only kept to be looked at
        yield name, value
    elif isinstance(value, (Module, dict, list, tuple)):
        value = vars(value) if isinstance(value, Module) else value
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _members(member, f"{name}.{key}" if name else str(key), seen)


def _named(name, choices, what):
    if name not in list(choices):  # a list as a name has no hash
        raise ValueError(f"unknown {what} {name!r}: choose one of {', '.join(choices)}")
    return choices[name]


def _count(module):
    count = sum(p.size for p in module.parameters())
    return f"{count:,} parameter{'s' * (count != 1)}"


def _listed(module, members):
    lines = [f"  {line}" for text in members for line in text.split("\n")]
    return "\n".join([f"{type(module).__name__}(", *lines, f"  {_count(module)}", ")"])
