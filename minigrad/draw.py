"""All pictures, under one name: from minigrad import draw.

    trace.py      explain(loss)                         the backward pass in words
    graph.py      draw_graph(loss)                      tensors, operations, values, gradients
                  animate_backward(loss, "pass.gif")    the backward pass as a film
    training.py   History(model)                        what is remembered of a training
                  learning_curves(ax, history)          its numbers over the steps
                  gradient_flow(ax, history)            how large each layer's gradients are
    hidden.py     activation_histograms(ax, model, x)   which hidden units are dead or saturated
    landscape.py  hessian_vector(cost, params, v)       curvature times a direction, exactly
                  top_curvature(cost, params)           the sharpest direction
                  loss_along(cost, params, d, at)       the cost on a line through the parameters
                  loss_slice(ax, cost, params)          that line, with its slope and parabola
                  loss_contour(ax, cost, paths)         the cost over two weights, and the ways down
    scatter.py    decision_boundary(ax, model, x, y)    what a classifier decides, everywhere
                  gradient_sizes(ax, x, gradients)      which points still teach it
    palette.py    STYLE, for plt.rcParams.update(draw.STYLE); the colours; LINES and MARKERS

What takes `ax`, matplotlib's Axes, draws there and returns it. No picture changes what it shows,
nor matplotlib's settings; and matplotlib is loaded only when one is drawn.
"""

from .graph import animate_backward, draw_graph
from .hidden import activation_histograms
from .landscape import hessian_vector, loss_along, loss_contour, loss_slice, top_curvature
from .palette import (AMBER, BLACK, BLUE, GREEN, GREY, LINES, MARKERS, ORANGE, PURPLE, SKY, STYLE,
                      require_axes)
from .scatter import decision_boundary, gradient_sizes
from .trace import explain
from .training import History, gradient_flow, learning_curves

__all__ = [
    "explain", "draw_graph", "animate_backward",
    "History", "learning_curves", "gradient_flow", "activation_histograms",
    "hessian_vector", "top_curvature", "loss_along", "loss_slice", "loss_contour",
    "decision_boundary", "gradient_sizes",
    "STYLE", "BLUE", "ORANGE", "GREEN", "PURPLE", "SKY", "AMBER", "BLACK", "GREY", "LINES",
    "MARKERS", "require_axes",
]
