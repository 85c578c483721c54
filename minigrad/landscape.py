"""The cost as a landscape over the weights: how steep it is, how it bends, and the ways down.

    hessian_vector(cost, params, vectors)            H v: how the gradient changes along v
    top_curvature(cost, params)                      the sharpest direction, and how sharp it is
    loss_along(cost, params, direction, distances)   the cost on a straight line through the weights
    loss_slice(ax, cost, params)                     that line as a picture, beside its parabola
    loss_contour(ax, cost, paths)                    the cost over two weights, and paths of descent

The words used throughout:

    cost        a function of no arguments that returns a Tensor of one value, computed from the
                parameters as they are: lambda: mse(model(x), y). The same each time it is called
    params      the parameters, as in model.parameters(); each is a leaf that requires a gradient
    direction   one array for each parameter, of its shape: together one vector in weight space
    H           the Hessian: the matrix of all second derivatives of the cost. With P parameters it
                has P^2 entries; a product H v costs no more than two more backward passes
    curvature   along a direction d of length 1: d . H d, the second derivative of the cost there.
                Along an eigenvector of H it is the eigenvalue

No function here touches a `.grad`, and whatever they change they put back.
"""

import warnings
from numbers import Real

import numpy as np

from .labels import counted, short
from .palette import (BLACK, BLUE, CURVES, GREEN, MARKERS, legend_beside, require_axes,
                      require_whole)
from .tensor import Tensor, array_of, grad, no_grad

# -- curvature -------------------------------------------------------------------------------------


def hessian_vector(cost, params, vectors) -> list[np.ndarray]:
    """H v, exactly, and without H: the gradient of (gradient . v).

    Parameters
    ----------
    cost : function of no arguments -> Tensor of one value
    params : list of Tensors
    vectors : list of arrays, the shapes of the parameters

    Returns
    -------
    A list of arrays, the shapes and dtypes of the parameters; zeros for one in which the cost is
    linear.

    Raises
    ------
    ValueError, TypeError
        If a shape or a kind does not fit.
    RuntimeError
        If the cost does not depend on one of the parameters.

    For a^2 b the Hessian is [[2b, 2a], [2a, 0]]. At a = 3, b = 5, its first column:

    >>> a, b = Tensor(3.0, requires_grad=True), Tensor(5.0, requires_grad=True)
    >>> hessian_vector(lambda: a * a * b, [a, b], [1.0, 0.0])
    [array(10.), array(6.)]
    """
    params = _parameters(params)
    return _product(_gradient(cost, params), params, _vectors(vectors, params))


def top_curvature(cost, params, *, rng=0, tolerance: float = 1e-4,
                  most: int = 500) -> tuple[float, list[np.ndarray]]:
    """The eigenvalue of H that is largest in absolute value, with its sign, and its direction.

    By power iteration. Multiplied by H again and again, a random vector turns towards the direction
    that H stretches most, for along that one it grows fastest. Two eigenvalues of opposite sign, L
    and nearly -L, would leave it swinging to and fro between two places v and w = H v / |H v|; but
    the plane of v and w holds both of their directions by then. So the sharpest direction in that
    plane is judged instead of v. The cost is computed once, H never: see `hessian_vector`.

    Parameters
    ----------
    cost : function of no arguments -> Tensor of one value
    params : list of Tensors
    rng : seed or Generator
        For the first vector.
    tolerance : float
        When to stop: as soon as |H u - L u| <= tolerance |L|. Then an eigenvalue lies that close.
    most : int
        How many products H v may be computed. If they were not enough, a RuntimeWarning tells how
        far the result may be off.

    Returns
    -------
    The eigenvalue, and a list of arrays: its direction, of length 1. If H is 0, it is 0.0 and any
    direction.

    Raises
    ------
    ValueError, TypeError, RuntimeError
        As `hessian_vector`, or if tolerance is not positive or most no whole number from 1 on.
    FloatingPointError
        If H holds nan or inf.

    >>> w = Tensor([1.0, 1.0], requires_grad=True)
    >>> value, (direction,) = top_curvature(lambda: w[0] ** 2 - 3.0 * w[1] ** 2, [w])
    >>> round(value, 3), abs(direction).round(3)  # H has 2 and -6 on its diagonal
    (-6.0, array([0., 1.]))
    """
    if not isinstance(tolerance, Real) or not tolerance > 0.0:
        raise ValueError(f"tolerance is positive, not {tolerance!r}")
    require_whole(1, most=most)
    params = _parameters(params)
    slopes = _gradient(cost, params)

    def times_h(vector):
        image = _flat(_product(slopes, params, _split(vector, params)))
        if not np.isfinite(image).all():
            raise FloatingPointError("the second derivatives hold nan or inf: detect_anomaly() "
                                     "finds the operation")
        return image

    w = np.random.default_rng(rng).normal(size=sum(p.size for p in params))
    w /= np.linalg.norm(w)
    v = image = None
    for _ in range(most):
        image_of_w = times_h(w)
        stretch = np.linalg.norm(image_of_w)
        if stretch == 0.0:
            return 0.0, _split(w, params)
        u, image_of_u = _sharpest_in_plane(v, image, w, image_of_w)
        curvature = float(u @ image_of_u)
        error = np.linalg.norm(image_of_u - curvature * u)
        if error <= tolerance * abs(curvature):
            return curvature, _split(u, params)
        v, image, w = w, image_of_w, image_of_w / stretch
    warnings.warn(f"power iteration had not settled after {counted(most, 'product')} with H: the "
                  f"curvature is {curvature:.4g}, give or take {error:.1g}. Raise most= or "
                  f"tolerance=", RuntimeWarning, stacklevel=2)
    return curvature, _split(u, params)


def _sharpest_in_plane(v, image, w, image_of_w):
    """Of all vectors of length 1 in the plane of v and w the sharpest one, and H times it.

    Along v and q, the part of w that is square to v, H is a matrix of 2 x 2.
    """
    if v is None:  # w is the first vector
        return w, image_of_w
    q = w - (v @ w) * v
    length = np.linalg.norm(q)
    if length < 1e-6:  # v and w are parallel: there is no plane
        return w, image_of_w
    q, image_of_q = q / length, (image_of_w - (v @ w) * image) / length
    values, mixes = np.linalg.eigh([[v @ image, q @ image], [q @ image, q @ image_of_q]])
    a, b = mixes[:, np.abs(values).argmax()]
    return a * v + b * q, a * image + b * image_of_q


def _gradient(cost, params):
    """The gradient of the cost, recorded, so that it can be differentiated again."""
    return grad(_tensor(cost), params, create_graph=True)


def _product(slopes, params, vectors):
    """H v, from the recorded gradient, which stays for further products."""
    along = sum((g * v).sum() for g, v in zip(slopes, vectors, strict=True))
    return grad(along, params, retain_graph=True, unconnected="zero")


# -- a line through weight space -------------------------------------------------------------------


def loss_along(cost, params, direction, distances) -> np.ndarray:
    """The cost at params + t * direction, for each t of `distances`: a straight line.

    The direction is taken as it is: if its length is 1, t is a distance in weight space, and if it
    is minus the gradient, t is a learning rate. The parameters are put back, bit for bit, whatever
    happens; a graph that was recorded before stays valid.

    Parameters
    ----------
    cost : function of no arguments -> Tensor of one value, or a number
    params : list of Tensors
    direction : list of arrays, the shapes of the parameters
    distances : array (k,)

    Returns
    -------
    array (k,)

    Raises
    ------
    ValueError, TypeError
        If a shape or a kind does not fit, or the cost is not one number.

    >>> w = Tensor([3.0, 4.0], requires_grad=True)
    >>> loss_along(lambda: (w * w).sum(), [w], [[-3.0, -4.0]], [0.0, 0.5, 1.0, 2.0])
    array([25.  ,  6.25,  0.  , 25.  ])
    """
    params = _parameters(params)
    direction, distances = _vectors(direction, params), np.asarray(distances, dtype=float)
    if distances.ndim != 1:
        raise ValueError(f"distances are one row of numbers, and have shape {distances.shape}")
    # Written into the arrays, not assigned to .data: that would give the parameters new creation
    # numbers, and a graph that the caller still holds would count as outdated.
    before = [p.data.copy() for p in params]
    costs = []
    try:
        for t in distances.tolist():
            for p, start, d in zip(params, before, direction, strict=True):
                p.data[...] = start + t * d
            costs.append(_number(cost))
    finally:
        for p, start in zip(params, before, strict=True):
            p.data[...] = start
    return np.array(costs)


def loss_slice(ax, cost, params, direction="gradient", span: float = 1.0, *, points: int = 101,
               rng=0):
    """Draw the cost on a line through the weights, beside the parabola of its slope and curvature.

    The parabola is c + s t + k t^2 / 2, with the cost c, the slope s and the curvature k where we
    stand, all by the engine: what the cost looks like to someone who knows no more than these. It
    tells which steps are too long. Gradient descent with learning rate lr multiplies a distance
    from the parabola's bottom by 1 - lr k: it overshoots if lr > 1 / k, and climbs if lr > 2 / k.

    Parameters
    ----------
    ax : matplotlib Axes
    cost : function of no arguments -> Tensor of one value
    params : list of Tensors
    direction : "gradient", "sharpest" or a list of arrays, the shapes of the parameters
        Along minus the gradient; along the direction of the top curvature, so turned that it leads
        downhill; or any. It is brought to length 1: the axis shows a distance in weight space.
    span : float
        How far to go, to both sides.
    points : int
        At how many places the cost is computed.
    rng : seed or Generator
        For `top_curvature`.

    Returns
    -------
    ax

    Raises
    ------
    ValueError, TypeError, RuntimeError, FloatingPointError
        As `top_curvature`; if the direction has length 0, as the gradient at a minimum, or holds
        nan; or if the cost is nan or inf where we stand.

    >>> from matplotlib.figure import Figure
    >>> w = Tensor([3.0, 4.0], requires_grad=True)
    >>> ax = loss_slice(Figure().subplots(), lambda: (w * w).sum(), [w], "sharpest")
    >>> print(ax.get_title())
    Sharpest direction: curvature λ = 2,
    lr above 2/λ = 1 climbs
    """
    require_axes(ax)
    params = _parameters(params)
    if not isinstance(span, Real) or not 0.0 < span < np.inf:
        raise ValueError(f"span is positive and finite, not {span!r}")
    require_whole(2, points=points)
    here = _number(cost)
    if not np.isfinite(here):
        raise ValueError(f"the cost is {here} where we stand: there is nothing to draw around it")
    kind, slopes = direction if isinstance(direction, str) else "given", _gradient(cost, params)
    if kind == "gradient":
        direction = [-g.data for g in slopes]
    elif kind == "sharpest":
        _, direction = top_curvature(cost, params, rng=rng)
    elif kind != "given":
        raise ValueError(f'the direction is "gradient", "sharpest" or a list of arrays, not '
                         f"{kind!r}")
    unit = _of_length_1(_vectors(direction, params))
    slope = float(_flat(g.data for g in slopes) @ _flat(unit))
    if kind == "sharpest" and slope > 0.0:  # an eigenvector points both ways
        unit, slope = [-d for d in unit], -slope
    curvature = float(_flat(_product(slopes, params, unit)) @ _flat(unit))

    t = np.linspace(-span, span, points)
    costs = loss_along(cost, params, unit, t)
    _draw_slice(ax, t, costs, here, slope, curvature)
    lost = np.sum(~np.isfinite(costs))
    ax.set_title(_slice_title(kind, curvature)
                 + (f"\n(no number at {lost} of {points} places)" if lost else ""))
    return ax


def _draw_slice(ax, t, costs, here, slope, curvature):
    """The costs at the distances t, the parabola as far as it is near them, the tangent at 0."""
    known = np.append(costs[np.isfinite(costs)], here)
    low, high, height = known.min(), known.max(), np.ptp(known) or abs(here) or 1.0
    parabola = here + slope * t + 0.5 * curvature * t * t
    parabola[(parabola > high) | (parabola < low - 0.4 * height)] = np.nan
    low = np.nanmin([low, *parabola])
    touch = 0.15 * t[-1] * np.array([-1.0, 0.0, 1.0])
    ax.plot(t, costs, color=BLUE, label="cost")
    ax.plot(t, parabola, color=GREEN, linestyle="-.", label="parabola")
    ax.plot(touch, here + slope * touch, color=BLACK, linewidth=1.5, marker="o", markersize=9,
            markevery=[1], label=f"slope {short(slope)}")
    ax.set(xlim=t[[0, -1]], ylim=(low - 0.06 * height, high + 0.35 * height),
           xlabel=ax.get_xlabel() or "distance in weight space", ylabel=ax.get_ylabel() or "cost")
    ax.legend(loc="upper center", ncols=2)  # in the room that ylim keeps free


def _slice_title(kind, curvature):
    """What the parabola says of the steps to be taken, in two lines."""
    sign = "λ" if kind == "sharpest" else "k"
    start = {"gradient": "Straight downhill", "sharpest": "Sharpest direction",
             "given": "This direction"}[kind]
    if curvature > 0.0 and kind != "given":
        then = f"lr above 2/{sign} = {short(2.0 / curvature)} climbs"
    else:
        then = f"the cost {['does not bend', 'bends up', 'bends down'][int(np.sign(curvature))]}"
    return f"{start}: curvature {sign} = {short(curvature)},\n{then}"


# -- a plane of two weights ------------------------------------------------------------------------


def loss_contour(ax, cost, paths=None, *, xlim, ylim, resolution: int = 100, levels: int = 14):
    """Draw the cost over two weights as lines of equal cost, and the paths of descent over it.

    The levels suit the landscape: the lines of a bowl or a cone are evenly spaced, and the narrower
    a valley is, the more of them run close to its floor.

    Parameters
    ----------
    ax : matplotlib Axes
    cost : function of a Tensor (2,) -> Tensor of one value, or a number
    paths : array (k, 2), or dict from names to arrays, optional
        The weights from the first place to the last, a row for each step. Rows of nan interrupt a
        path, and the legend says so, as it does of places outside the picture.
    xlim, ylim : pairs of numbers
        From where to where the first and the second weight go.
    resolution : int
        At how many places along each axis the cost is computed.
    levels : int
        How many lines.

    Returns
    -------
    ax; that both axes have the same scale is for the caller to ask: ax.set_aspect("equal")

    Raises
    ------
    ValueError, TypeError
        If limits or shapes do not fit, the places of a path are one and the same array, or the cost
        is nowhere a number.

    >>> from matplotlib.figure import Figure
    >>> path = [[2.0, 2.0], [1.0, 0.0], [0.5, 0.0]]
    >>> ax = loss_contour(Figure().subplots(), lambda w: (w * w).sum(), path, xlim=(-3, 3),
    ...                   ylim=(-3, 3))
    >>> ax.get_title()
    '2 steps, from cost 8 to 0.25'
    """
    require_axes(ax)
    paths = _paths(paths)
    if not callable(cost):
        raise TypeError(f"the cost is a function of two weights, lambda w: mse(w[0] * x + w[1], y),"
                        f" not {type(cost).__name__}")
    for name, ends in (("xlim", xlim), ("ylim", ylim)):
        if np.shape(ends) != (2,) or not -np.inf < ends[0] < ends[1] < np.inf:
            raise ValueError(f"{name} is a pair (low, high), not {ends!r}")
    require_whole(2, resolution=resolution, levels=levels)
    across, up = np.linspace(*xlim, resolution), np.linspace(*ylim, resolution)
    with np.errstate(all="ignore"):  # where the cost is no number the ground is hatched
        heights = np.array([[_cost_at(cost, (u, v)) for u in across] for v in up])
    ax.set(xlim=xlim, ylim=ylim, xlabel=ax.get_xlabel() or "w[0]", ylabel=ax.get_ylabel() or "w[1]")
    ax.grid(False)
    _draw_heights(ax, across, up, heights, levels)
    for i, (name, path) in enumerate(paths.items()):
        again, number = divmod(i, len(CURVES))  # used up, the colours get other markers
        _draw_path(ax, name, path, *CURVES[number], MARKERS[(number + again) % len(MARKERS)])
    if paths:
        starts = np.unique([path[0] for path in paths.values()], axis=0)
        ax.plot(*starts.T, color="white", marker="o", markeredgecolor="black", markeredgewidth=1.6,
                markersize=11, linestyle="", label="start", zorder=6)
        ax.plot([], [], color="0.6", marker="o", markeredgecolor="black", markersize=11,
                markeredgewidth=1.6, linestyle="", label="end")
        legend_beside(ax)
    ax.set_title(_contour_title(cost, paths))
    return ax


def _draw_heights(ax, across, up, heights, count):
    """Lines of equal cost on a ground that is the darker the higher it is."""
    known = np.isfinite(heights)
    if not known.any():
        raise ValueError("the cost is nan or inf everywhere between these limits")
    if not known.all():
        ax.contourf(across, up, ~known, levels=[0.5, 1.5], colors="none", hatches=["///"])
    above = np.ma.masked_where(~known, heights) - heights[known].min()
    if not above.max() > 0.0:
        return  # a plain has no lines
    levels = _levels(above.compressed(), count)
    ax.contourf(across, up, above, levels=[0.0, *levels], zorder=0,
                colors=[str(grey) for grey in np.linspace(1.0, 0.75, count)])
    ax.contour(across, up, above, levels=levels[:-1], colors="0.6", linewidths=0.9, zorder=1)


def _levels(above, count):
    """How far above the lowest place the lines run: powers of 1 ... count, or equal ratios.

    With the power 2 the lines of a round bowl are evenly spaced, and the innermost one encloses
    1 / count^2 of the whole. So the power is chosen that makes the innermost line enclose as much.
    """
    top, above = above.max(), above[above > 0.0]
    power = np.log(top / np.quantile(above, 1.0 / count**2)) / np.log(count)
    if power > 3.0:  # a narrow valley between high walls; the very lowest lines would be in shreds
        return np.geomspace(min(np.quantile(above, 0.02), top / count), top, count)
    return top * (np.arange(1, count + 1) / count) ** max(power, 1.0)


def _draw_path(ax, name, path, colour, dashes, marker):
    """A descent: a line through all its places, a marker at each, a large one at the last."""
    broken = ~np.isfinite(path).all(axis=1)
    x, y = np.where(broken[:, None], np.nan, path).T
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    outside = (x < left) | (x > right) | (y < bottom) | (y > top)
    remarks = [f"{outside.sum():,} of {len(path):,} outside"] if outside.any() else []
    if broken.any():
        remarks.append(f"no number at step {broken.argmax():,}")
    ax.plot(x, y, color=colour, linestyle=dashes, linewidth=1.8, marker=marker, zorder=3,
            markersize=np.clip(24.0 / np.sqrt(len(path)), 2.5, 6.0),
            label="\n".join([name, *(f"({remark})" for remark in remarks)]))
    ax.plot(x[-1:], y[-1:], color=colour, marker=marker, markersize=11, markeredgecolor="black",
            markeredgewidth=1.6, zorder=5)


def _contour_title(cost, paths):
    if not paths:
        return "Lines of equal cost"
    with np.errstate(all="ignore"):  # a path may have run away to 1e200
        ends = {name: _cost_at(cost, path[-1]) if np.isfinite(path[-1]).all() else np.nan
                for name, path in paths.items()}
        arrived = {name: end for name, end in ends.items() if np.isfinite(end)}
        if len(paths) == 1:
            (path,), (end,) = paths.values(), ends.values()
            return (f"{counted(len(path) - 1, 'step')}, from cost "
                    f"{short(_cost_at(cost, path[0]))} to {short(end)}")
    if not arrived:
        return "No path ends at a cost that is a number"
    best = min(arrived, key=arrived.get)
    return f"{best} comes lowest: cost {short(arrived[best])}"


# -- what is asked of the arguments ----------------------------------------------------------------


def _parameters(params):
    if isinstance(params, Tensor | set | frozenset) or not np.iterable(params):
        raise TypeError(f"parameters come in a list: pass model.parameters() or [w], not "
                        f"{type(params).__name__}")
    params = list(params)
    if not params:
        raise ValueError("there are no parameters: pass model.parameters()")
    for p in params:
        if not isinstance(p, Tensor) or p.op or not p.requires_grad:
            raise TypeError(f"parameters are leaves, Tensors made with requires_grad=True, and "
                            f"one of them is {p!r:.60}")
    if len({id(p) for p in params}) < len(params):
        raise ValueError("a parameter is in the list twice: it would be moved twice")
    return params


def _vectors(vectors, params):
    """One array for each parameter, of its shape and dtype."""
    if isinstance(vectors, str) or not np.iterable(vectors):
        raise TypeError(f"a direction is a list with an array for each parameter, not {vectors!r}")
    vectors = [np.asarray(v.data if isinstance(v, Tensor) else v) for v in vectors]
    given, needed = [v.shape for v in vectors], [p.shape for p in params]
    if given != needed:
        raise ValueError(f"a direction has an array for each parameter, of its shape: given are "
                         f"{given}, the parameters have {needed}")
    return [v.astype(p.dtype) for v, p in zip(vectors, params, strict=True)]


def _of_length_1(vectors):
    length = np.linalg.norm(_flat(vectors))
    if not 0.0 < length < np.inf:
        raise ValueError(f"the direction has length {length:g}: it leads nowhere. (Where the "
                         f"gradient is 0, as at a minimum, no way leads downhill)")
    return _split(_flat(vectors) / length, vectors)


def _call(cost):
    if not callable(cost):
        raise TypeError(f"the cost is computed at several places, so it is to be a function, "
                        f"lambda: mse(model(x), y), not {type(cost).__name__}")
    return cost()


def _tensor(cost):
    """The cost with its graph."""
    value = _call(cost)
    if not isinstance(value, Tensor):
        raise TypeError(f"cost() is to return a Tensor, and returned {type(value).__name__}: its "
                        f"gradient was cut off on the way")
    return value


def _number(cost):
    """The cost as a number; nothing is recorded."""
    with no_grad():
        value = _call(cost)
    number = np.asarray(array_of(value))
    if number.dtype.kind not in "biuf":
        raise TypeError(f"cost() is to return a number, and returned {value!r:.60}: does it end "
                        f"with return?")
    if number.size != 1:
        raise ValueError(f"the cost is one number, and cost() returned shape {number.shape}: take "
                         f"its mean")
    return float(number.item())


def _cost_at(cost, weights):
    return _number(lambda: cost(Tensor(np.array(weights))))


def _paths(paths):
    """A dict from names to arrays (k, 2)."""
    if paths is None:
        return {}
    paths = paths if isinstance(paths, dict) else {"path": paths}
    arrays = {str(name): np.asarray(path, dtype=float) for name, path in paths.items()}
    for name, path in arrays.items():
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"a path is an array (k, 2), a row for each place; {name!r} has shape "
                             f"{path.shape}. Several paths come in a dict from names to arrays")
    for name, path in paths.items():
        if isinstance(path, list | tuple) and len(path) > 1 and _is_one_array(path):
            raise ValueError(f"all places of {str(name)!r} are one array, which moved on: append "
                             f"w.data.copy(), not w.data")
    return arrays


def _is_one_array(places):
    """Whether each place is the same object, of a kind that can move."""
    first = places[0]
    return isinstance(first, np.ndarray | list) and all(place is first for place in places)


def _flat(arrays):
    """All numbers of a list of arrays as one vector of float64."""
    return np.concatenate([np.ravel(array) for array in arrays]).astype(np.float64)


def _split(vector, params):
    """The vector as a list of arrays again, the shapes and dtypes of `params`, or of arrays."""
    ends = np.cumsum([p.size for p in params])[:-1]
    return [part.reshape(p.shape).astype(p.dtype)
            for part, p in zip(np.split(vector, ends), params, strict=True)]
