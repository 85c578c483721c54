"""Lesson 6, binary losses: softplus, cross-entropy from a logit, rare positives, who teaches."""

import numpy as np

from losses import hinge, shapes, sigmoid_cross_entropy
from losses.figures import mse_after_sigmoid
from minigrad import Tensor, grad, primitive, relu, sigmoid, softplus

from .checking import Case, Mistake, Task, fixed
from .questions import differences, value_and_gradient

# -- 6.1 softplus without its kink -----------------------------------------------------------------

MIDDLE, FAR = fixed([-3.0, -0.5, 0.0, 0.5, 3.0]), fixed([-1000.0, 1000.0])
SINGLE = fixed([-33.0, 0.0, 33.0, 150.0], np.float32)


def own_softplus(z):
    return np.logaddexp(z, 0.0)


def softplus_by_maximum(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def softplus_by_halves(z):
    size = np.abs(z)
    return (z + size) / 2 + np.log(1 + np.exp(-size))


def softplus_by_two_wheres(z):
    positive = z > 0
    below, above = np.where(positive, 0.0, z), np.where(positive, z, 0.0)
    return np.where(positive, z + np.log1p(np.exp(-above)), np.log1p(np.exp(below)))


def softplus_by_a_threshold(z):
    return np.where(z > 25, z, np.log1p(np.exp(np.minimum(z, 25))))


softplus_by_a_rule = primitive(lambda z: np.logaddexp(0, z), lambda g, y, z: g * sigmoid(z))


def clipped_softplus(bound):
    return lambda z: np.log(1.0 + np.exp(np.clip(z, -bound, bound)))


def dtype_too(answer):
    """In float32: value and gradient, and whether the value has remained float32."""
    found = value_and_gradient(answer, SINGLE)
    return found | {"dtype": str(getattr(found["value"], "dtype", "not a Tensor"))}


SOFTPLUS = Task(
    title="softplus without its kink",
    cases=[Case("logits from -3 to 3", lambda answer: answer(Tensor(MIDDLE, requires_grad=True))),
           Case("the slopes there, by the engine",
                lambda answer: value_and_gradient(answer, MIDDLE)["gradient"],
                measured=lambda: differences(own_softplus, MIDDLE)),
           Case("logits -1000 and 1000", lambda answer: value_and_gradient(answer, FAR),
                measured=lambda: {"gradient": differences(own_softplus, FAR)}),
           Case("float32, logits -33, 0, 33 and 150", dtype_too)],
    solution=own_softplus,
    others=[softplus_by_maximum, softplus_by_halves, softplus_by_two_wheres,
            softplus_by_a_threshold, softplus_by_a_rule],
    mistakes=[Mistake(lambda z: np.log1p(np.exp(z)),
                      "right in the middle, inf at 1000: e^1000 is too large for a float (and "
                      "sigmoid(-1000) too small). Let nothing but negative numbers enter exp."),
              Mistake(lambda z: z + np.log1p(np.exp(-z)),
                      "right at 1000, not at -1000: e^(-z) is too large for a float there. Let "
                      "nothing but negative numbers enter exp, -|z| for example."),
              Mistake(lambda z: relu(z) + np.log1p(np.exp(-np.abs(z))),
                      "the values are right, the slope at 0 is 0: both terms have a kink there, "
                      "and relu and abs take the slope 0 at it. np.logaddexp has no kink."),
              Mistake(lambda z: np.where(z >= 0, z, 0) + np.log1p(np.exp(-np.abs(z))),
                      "the values are right, the slope at 0 is 1: both terms have a kink there, "
                      "and `where` takes the slope from the right. np.logaddexp has no kink."),
              Mistake(lambda z: np.where(z > 0, z + np.log1p(np.exp(-z)), np.log1p(np.exp(z))),
                      "the values are right, slopes far out are nan: behind `where` the branch "
                      "that was not chosen overflows, and 0 · inf = nan. Make its exponent safe "
                      "as well."),
              Mistake(lambda z: np.where(z > 30, z, np.log1p(np.exp(z))),
                      "the values are right, the slope at 1000 is nan: behind `where` e^1000 "
                      "overflows all the same, and 0 · inf = nan. Make the exponent safe as well, "
                      "np.minimum(z, 30)."),
              Mistake(relu,
                      "this is relu, which softplus comes near to far from 0. At 0 it is log 2."),
              Mistake(sigmoid,
                      "this is the sigmoid, the slope of softplus: return log(1 + e^z)."),
              Mistake(lambda z: np.log(sigmoid(z)),
                      "log sigmoid(z) is -softplus(-z): both signs are turned round, and far out "
                      "it is log 0."),
              Mistake(lambda z: np.maximum(z, 0) + np.log1p(np.exp(np.abs(z))),
                      "in exp stands +|z|, which overflows: max(z, 0) has taken the large part out "
                      "already, and e^(-|z|) remains."),
              Mistake(lambda z: np.logaddexp(0.0, -z),
                      "this is softplus(-z): the sign of z is turned round."),
              Mistake(lambda z: np.log1p(np.exp(-np.abs(z))),
                      "for positive z the large part is missing: log(1 + e^z) = z + "
                      "log(1 + e^(-z))."),
              Mistake(lambda z: np.abs(z) + np.log1p(np.exp(-np.abs(z))),
                      "for negative z it grows again: max(z, 0) stands in front, not |z|."),
              Mistake(lambda z: np.logaddexp(1.0, z),
                      "this is log(e^1 + e^z): the 1 in log(1 + e^z) is e^0."),
              Mistake(lambda z: np.logaddexp(z.data, 0.0),
                      "z.data is a plain array: compute with the Tensor, or the graph is cut."),
              Mistake(lambda z: np.logaddexp(z, np.zeros(z.shape)),
                      "float32 has become float64: np.zeros and np.float64 do that. Write the "
                      "number 0.0, which widens nothing."),
              *[Mistake(clipped_softplus(bound),
                        f"clipped at {bound}, a logit of 1000 costs no more than {bound}, and its "
                        "slope is 0: the worst mistake teaches nothing. Do not clip; keep large "
                        "numbers out of exp.")
                for bound in (10, 15, 20, 30, 40, 50, 60, 80, 88, 100, 500, 700, 709)]],
    hints=("e^z overflows for large z, e^(-z) for very negative z. NumPy has a function for the "
           "logarithm of a sum of two exponentials.",
           "log(1 + e^z) = log(e^0 + e^z);   np.logaddexp(a, b) = log(e^a + e^b), which never "
           "overflows",
           "return np.logaddexp(..., z)   # for which a is e^a = 1?"),
    rtol=1e-5)

# -- 6.2 cross-entropy from a logit ----------------------------------------------------------------

LOGITS, LABELS = fixed([-2.0, -2.0, 0.0, 0.0, 3.0, 3.0]), fixed([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
SURELY_WRONG, THEIR_LABELS = fixed([-40.0, 40.0]), fixed([1.0, 0.0])
EXTREME, EXTREME_LABELS = fixed([-1000.0, 1000.0, 1000.0]), fixed([0.0, 1.0, 0.0])


EPSILONS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-14, 1e-15, 1e-16)


def cross_entropy(z, y):
    return softplus(z) - y * z


def cross_entropy_by_where(z, y):
    return softplus(np.where(y == 1, -z, z))


def cross_entropy_of_the_margin(z, y):
    margin = (2 * y - 1) * z
    return np.logaddexp(0, -margin)


def cross_entropy_in_two_terms(z, y):
    return y * softplus(-z) + (1 - y) * softplus(z)


def cross_entropy_by_the_library(z, y):
    return sigmoid_cross_entropy(z, y, reduction="none")


def from_probability(z, y):
    p = sigmoid(z)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def from_clipped_probability(epsilon):
    def answer(z, y):
        p = np.clip(sigmoid(z), epsilon, 1 - epsilon)
        return -y * np.log(p) - (1 - y) * np.log(1 - p)
    return answer


def from_shifted_probability(epsilon):
    def answer(z, y):
        p = sigmoid(z)
        return -y * np.log(p + epsilon) - (1 - y) * np.log(1 - p + epsilon)
    return answer


CROSS_ENTROPY = Task(
    title="cross-entropy from a logit",
    cases=[Case("logits -2, 0 and 3 with both labels",
                lambda answer: answer(Tensor(LOGITS, requires_grad=True), LABELS)),
           Case("the slopes there, by the engine",
                lambda answer: value_and_gradient(answer, LOGITS, LABELS)["gradient"],
                measured=lambda: differences(cross_entropy, LOGITS, LABELS)),
           Case("surely wrong: logit -40, label 1, and logit 40, label 0",
                lambda answer: value_and_gradient(answer, SURELY_WRONG, THEIR_LABELS),
                measured=lambda: {"gradient": differences(cross_entropy, SURELY_WRONG,
                                                          THEIR_LABELS)}),
           Case("extreme: logit -1000, label 0, and logit 1000 with both labels",
                lambda answer: value_and_gradient(answer, EXTREME, EXTREME_LABELS))],
    solution=cross_entropy,
    others=[cross_entropy_by_where, cross_entropy_of_the_margin, cross_entropy_in_two_terms,
            cross_entropy_by_the_library],
    mistakes=[Mistake(from_probability,
                      "right for ordinary logits, not for sure ones: sigmoid(40) is exactly 1, and "
                      "log(1 - 1) is -inf. Compute from the logit, not from p."),
              *[Mistake(from_clipped_probability(epsilon),
                        f"p clipped at {epsilon:g} has the slope 0 where it is clipped: a surely "
                        "wrong logit is never corrected. Compute from the logit; there is nothing "
                        "to clip.")
                for epsilon in EPSILONS],
              *[Mistake(from_shifted_probability(epsilon),
                        f"log(p + {epsilon:g}) is finite, but at logit -40 p is far smaller than "
                        f"{epsilon:g}, and the slope is gone. Compute from the logit."
                        + " (binary_cross_entropy has this ε.)" * (epsilon == 1e-12))
                for epsilon in EPSILONS],
              Mistake(lambda z, y: -y * np.log(sigmoid(z)) - (1 - y) * np.log(sigmoid(-z)),
                      "better than log(1 - p), and right for logits up to 700: further out "
                      "sigmoid(-z) is 0, and so you take log 0. Compute from the logit."),
              Mistake(lambda z, y: relu(z) + np.log1p(np.exp(-np.abs(z))) - y * z,
                      "the values are right, the slope at logit 0 is not: both relu and abs have "
                      "a kink there, and take the slope 0 at it. softplus has no kink."),
              Mistake(lambda z, y: y * softplus(-z) + softplus(z),
                      "right for label 0; for label 1 the term of label 0 is added as well: it "
                      "needs the factor 1 - y."),
              Mistake(lambda z, y: np.log1p(np.exp(z)) - y * z,
                      "the formula is right, but e^1000 overflows: minigrad's softplus(z) is "
                      "log(1 + e^z) without that."),
              Mistake(lambda z, y: softplus(z) - y,
                      "for label 1 it is the logit that goes off, y z, not 1."),
              Mistake(lambda z, y: cross_entropy(z, 1 - y),
                      "the labels have changed places: for label 1 the loss falls as the logit "
                      "grows."),
              Mistake(lambda z, y: softplus(-z) - y * z,
                      "right for no label: softplus(-z) is the loss of label 1 already. It is "
                      "softplus(z) - y z."),
              Mistake(lambda z, y: softplus(z) + y * z,
                      "right for label 0, wrong for label 1: y z is subtracted."),
              Mistake(lambda z, y: y * softplus(-z),
                      "right for label 1; label 0 costs nothing: its term is missing."),
              Mistake(lambda z, y: (1 - y) * softplus(z),
                      "right for label 0; label 1 costs nothing: its term is missing."),
              Mistake(lambda z, y: softplus(z),
                      "right for label 0; label 1 is treated as if it were 0: y is not used."),
              Mistake(lambda z, y: softplus(-y * z),
                      "right for label 1; label 0 costs log 2 whatever the logit: this formula is "
                      "for labels -1 and +1."),
              Mistake(lambda z, y: cross_entropy(sigmoid(z), y),
                      "z is a logit already: with a sigmoid before it, it goes through two."),
              Mistake(lambda z, y: mse_after_sigmoid(z, y, reduction="none"),
                      "this is (p - y)², MSE after a sigmoid, which goes silent where it is surely "
                      "wrong."),
              Mistake(lambda z, y: sigmoid(z) - y,
                      "this is the slope, p - y: return the loss, the engine finds its slope."),
              Mistake(lambda z, y: cross_entropy(z, y).mean(),
                      "it is the mean of all: return the loss of each example."),
              Mistake(lambda z, y: cross_entropy(z.data, y),
                      "z.data is a plain array: compute with the Tensor, or the graph is cut.")],
    hints=("Put p = 1 / (1 + e^(-z)) into the formula, and both logarithms become softplus: the "
           "probability is never computed.",
           "-log p = softplus(-z) = softplus(z) - z   and   -log(1 - p) = softplus(z)",
           "return softplus(z) - ...   # what must go if y = 1, and stay if y = 0?"))

# -- 6.3 rare positives ----------------------------------------------------------------------------

FOUR, FOUR_LABELS = fixed([1.0, -2.0, 0.5, 3.0]), fixed([0.0, 1.0, 1.0, 0.0])
HUNDRED, ONE_YES = fixed(np.zeros(100)), fixed(np.eye(100)[0])


def weighted(z, y, weight):
    costs = sigmoid_cross_entropy(z, y, reduction="none")
    return np.mean(np.where(y == 1, weight, 1) * costs)


def weighted_by_an_exponent(z, y, weight):
    return (weight**y * sigmoid_cross_entropy(z, y, reduction="none")).mean()


def weighted_in_two_terms(z, y, weight):
    return (weight * y * softplus(-z) + (1 - y) * softplus(z)).mean()


def weighted_in_two_groups(z, y, weight):
    yes, no = y == 1, y == 0
    return (weight * softplus(-z[yes]).sum() + softplus(z[no]).sum()) / len(y)


def weighted_like(weights, divisor=lambda w: w.size):
    """A weighted cost with other weights, or another number below."""
    def answer(z, y, weight):
        w = weights(y, weight)
        return (w * sigmoid_cross_entropy(z, y, reduction="none")).sum() / divisor(w)
    return answer


def class_means(z, y, weight):
    yes, no = y == 1, y == 0
    return (weight * sigmoid_cross_entropy(z[yes], y[yes])
            + sigmoid_cross_entropy(z[no], y[no]))


def right_weights(y, weight):
    return 1.0 + (weight - 1.0) * y


def weighted_case(says, weight):
    return Case(says, lambda answer: value_and_gradient(answer, FOUR, FOUR_LABELS, weight),
                measured=lambda: {"gradient": differences(weighted, FOUR, FOUR_LABELS, weight)})


def bias_gradient(answer, weight):
    """The slope in a bias that 100 logits share, one of which has label 1; the bias is 0."""
    bias = Tensor([0.0], requires_grad=True)
    cost = answer(bias + HUNDRED, ONE_YES, weight)
    return grad(cost, bias, unconnected="zero")[0]


WEIGHTED = Task(
    title="cross-entropy for rare positives",
    cases=[weighted_case("four examples, two of them yes, weight 3", 3.0),
           weighted_case("the same, weight 1: plain cross-entropy", 1.0),
           Case("one yes in a hundred, logits 0: the slope in the bias under weights 1 and 99",
                lambda answer: [bias_gradient(answer, weight) for weight in (1.0, 99.0)]),
           Case("a batch without a yes, weight 99",
                lambda answer: value_and_gradient(answer, FOUR, fixed(np.zeros(4)), 99.0))],
    solution=weighted,
    others=[weighted_by_an_exponent, weighted_in_two_terms, weighted_in_two_groups],
    mistakes=[Mistake(weighted_like(right_weights, divisor=lambda w: w.sum()),
                      "divided by the sum of the weights: here the mean is over the n examples, "
                      "np.mean(weights * costs)."),
              Mistake(lambda z, y, weight: weighted(z, y, weight) * len(y) / max(y.sum(), 1),
                      "divided by the number of yes: a batch may have none. Divide by the number "
                      "of all examples, np.mean."),
              Mistake(weighted_like(right_weights, divisor=lambda w: 1.0),
                      "it is a sum: divide by the number of examples."),
              Mistake(weighted_like(lambda y, weight: 1.0 + (weight - 1.0) * (1.0 - y)),
                      "the no-examples got the weight: it is for label 1."),
              Mistake(weighted_like(lambda y, weight: 1.0 + weight * y),
                      "a yes counts weight + 1 times: with weight 1 it should count like a no."),
              Mistake(weighted_like(lambda y, weight: weight * y),
                      "a no counts 0 times: its weight is 1."),
              Mistake(weighted_like(lambda y, weight: weight + 0.0 * y),
                      "every example got the weight: then it is a larger learning rate, no more. "
                      "It is for label 1 only."),
              Mistake(weighted_like(lambda y, weight: 1.0 + 0.0 * y),
                      "the weight is not used."),
              Mistake(lambda z, y, weight: (softplus(z) - weight * y * z).mean(),
                      "the weight multiplies the label inside the formula: that is a label of "
                      "`weight`, and the loss has no lower bound. Multiply the loss of each "
                      "example."),
              Mistake(lambda z, y, weight: sigmoid_cross_entropy(right_weights(y, weight) * z, y),
                      "the weight multiplies the logit: multiply the loss of each example."),
              Mistake(lambda z, y, weight: sigmoid_cross_entropy(z, y) * np.mean(
                          right_weights(y, weight)),
                      "the mean cost times the mean weight: the mean was taken too early, and "
                      "nobody is louder than another. Ask for reduction=\"none\" first."),
              Mistake(class_means,
                      "each class has a mean of its own, which weighs it once more: add up all "
                      "losses, a yes `weight` times, and divide by n."),
              Mistake(lambda z, y, weight: right_weights(y, weight) * sigmoid_cross_entropy(
                          z, y, reduction="none"),
                      "it is the loss of each example: return their mean.")],
    hints=("Let each yes count as if it stood in the data `weight` times. So ask for the loss of "
           "each example, before any mean is taken.",
           "cost = (1/n) Σ w_i L_i   with  w_i = weight where y_i = 1,  else 1",
           "costs = sigmoid_cross_entropy(z, y, reduction=\"none\")\n"
           "weights = np.where(y == 1, ..., ...)\nreturn np.mean(...)"))

# -- 6.4 support vectors ---------------------------------------------------------------------------

SCORES = fixed([2.5, 0.25, -0.5, -3.0, 1.0, -0.75, 0.5, -1.0, 4.0])
SIGNS = fixed([1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0])


def support_vectors(scores, labels):
    return np.flatnonzero(labels * scores < 1)


def support_by_engine(scores, labels):
    s = Tensor(scores, requires_grad=True)
    hinge(s, labels, reduction="sum").backward()
    return np.flatnonzero(s.grad)


def support_by_relu(scores, labels):
    s = Tensor(scores, requires_grad=True)
    pulls = grad(relu(1 - labels * s).sum(), s)
    return np.argwhere(pulls != 0)[:, 0]


def support_by_a_loop(scores, labels):
    return [i for i in range(len(scores)) if scores[i] * labels[i] < 1]


def support_by_losses(scores, labels):
    return np.nonzero(hinge(scores, labels, reduction="none"))


def support_by_shapes(scores, labels):
    return np.where(shapes.per_example_gradient(hinge, scores, labels) != 0)[0]


def support_of(who):
    return lambda scores, labels: np.flatnonzero(who(scores, labels))


def in_words(found):
    """An answer's indices in words: "points 1, 4"; or what stands there in place of indices."""
    if found is None or isinstance(found, str):
        return found
    found = np.ravel(sorted(found) if isinstance(found, set) else found)
    if not found.size:
        return "nobody"
    if found.dtype.kind not in "iu":
        kind = "truth values" if found.dtype.kind == "b" else "numbers"
        return f"{found.size} {kind}, which are not indices"
    return f"points {', '.join(map(str, found))}"


def support_case(says, scores, labels):
    return Case(says, lambda answer: in_words(answer(scores, labels)))


SUPPORT = Task(
    title="the support vectors of a hinge",
    cases=[support_case("nine points, two of them exactly at margin 1", SCORES, SIGNS),
           support_case("the same scores, labels turned round", SCORES, fixed(-SIGNS)),
           support_case("three points that are all well on the right side",
                        fixed([3.0, -2.0, 1.5]), fixed([1.0, -1.0, 1.0]))],
    solution=support_vectors,
    others=[support_by_engine, support_by_relu, support_by_a_loop, support_by_losses,
            support_by_shapes],
    mistakes=[Mistake(support_of(lambda s, t: t * s <= 1),
                      "points exactly at margin 1 are silent: they stand on the hinge's kink, "
                      "where relu has the slope 0 (np.maximum would take half of each side's). So "
                      "t s < 1."),
              Mistake(support_of(lambda s, t: t * s > 1),
                      "these are the points that are left in peace: their margin is above 1."),
              Mistake(support_of(lambda s, t: t * s >= 1),
                      "these are the silent points: the support vectors are all the others."),
              Mistake(support_of(lambda s, t: np.abs(s) < 1),
                      "points with |s| < 1 lie in the strip; but whoever is wrong by more than 1 "
                      "teaches as well. The margin t s has a sign."),
              Mistake(support_of(lambda s, t: s < 1),
                      "the labels are not used: the margin is t s."),
              Mistake(support_of(lambda s, t: t * s < 0),
                      "these are only the wrong ones: a hinge wants a margin of 1, so those who "
                      "are right by less teach as well."),
              Mistake(support_of(lambda s, t: (t * s > 0) & (t * s < 1)),
                      "the wrong ones are left out, and they teach as well: every margin below 1."),
              Mistake(support_of(lambda s, t: (2 * t - 1) * s < 1),
                      "2 t - 1 is for labels 0 and 1: these are -1 and +1 already."),
              Mistake(support_of(lambda s, t: (t == 1) & (s < 1)),
                      "those with label -1 are missing: their margin is -s."),
              Mistake(lambda scores, labels: labels * scores < 1,
                      "this is a mask of truth values: np.flatnonzero gives the indices."),
              Mistake(lambda scores, labels: scores[labels * scores < 1],
                      "there is a number for each of them, its score perhaps, and no index: return "
                      "whole numbers, from np.flatnonzero."),
              Mistake(lambda scores, labels: np.flatnonzero(labels * scores < 1)[::-1],
                      "these are the right points from the last to the first: in ascending "
                      "order."),
              Mistake(lambda scores, labels: np.argsort(labels * scores)[
                          :np.sum(labels * scores < 1)],
                      "these are the right points, the most wrong first: in ascending order of "
                      "the indices."),
              Mistake(support_of(lambda s, t: t * s == 1),
                      "these lie exactly at margin 1, and are just silent: t s < 1."),
              Mistake(lambda scores, labels: hinge(scores, labels, reduction="none"),
                      "one number for each point, losses or gradients perhaps: np.flatnonzero "
                      "tells where they are not 0."),
              Mistake(lambda scores, labels: np.flatnonzero(labels * scores < 1) + 1,
                      "each index is too large by 1: the first point is point 0."),
              Mistake(support_of(lambda s, t: (t == -1) & (t * s < 1)),
                      "those with label +1 are missing: their gradient is -1, and not 0 either."),
              Mistake(support_of(lambda s, t: t * s > 0),
                      "these are the points on the right side: those who teach have a margin below "
                      "1."),
              Mistake(lambda scores, labels: np.sum(labels * scores < 1),
                      "this is how many there are: return who they are, with np.flatnonzero.")],
    hints=("Who still teaches is told by the gradient: exactly 0, or not. Under the hinge it "
           "depends on the margin alone.",
           "L = max(0, 1 - t s):   the gradient is -t where t s < 1, else 0",
           "margins = labels * scores\nreturn np.flatnonzero(margins ...)"))

# -- 6.5 which loss was it? ------------------------------------------------------------------------


def which_loss(gradients):
    size = np.abs(gradients)
    if np.all((size == 0) | (size == 1)):
        return "hinge"
    return "MSE after sigmoid" if size.max() <= 8 / 27 else "cross-entropy"


def which_by_sets(gradients):
    sizes = {abs(float(g)) for g in gradients}
    if sizes <= {0.0, 1.0}:
        return "hinge"
    if max(sizes) > 0.3:
        return "cross-entropy"
    return "MSE after sigmoid"


def which_by_whole_numbers(gradients):
    if np.array_equal(gradients, np.round(gradients)):
        return "hinge"
    return "cross-entropy" if (np.square(gradients) > (8 / 27) ** 2).any() else "MSE after sigmoid"


def which_like(is_hinge, largest=lambda g: np.abs(g).max(), bound=8 / 27):
    """Another way to tell a hinge, or another number that is compared with another bound."""
    def answer(gradients):
        if is_hinge(gradients):
            return "hinge"
        return "MSE after sigmoid" if largest(gradients) <= bound else "cross-entropy"
    return answer


def only_0_and_1(g):
    return np.isin(np.abs(g), (0, 1)).all()


def which_case(says, loss, scores, labels):
    gradients = fixed(shapes.per_example_gradient(loss, fixed(scores), fixed(labels)))
    return Case(says, lambda answer: small_letters(answer(gradients)))


def small_letters(name):
    return name.strip().lower().replace("-", " ") if isinstance(name, str) else name


WHICH = Task(
    title="which loss was it?",
    cases=[which_case("a hinge, two of six points still taught",
                      hinge, [3.0, 0.5, -0.5, 1.5, 2.0, -4.0], [1.0, -1.0, -1.0, 1.0, 1.0, -1.0]),
           which_case("a hinge that still teaches everybody",
                      hinge, [0.5, -0.5, 0.25], [1.0, -1.0, 1.0]),
           which_case("a hinge that still teaches one of three",
                      hinge, [0.5, 3.0, -2.0], [1.0, 1.0, -1.0]),
           which_case("cross-entropy, one point plainly wrong",
                      sigmoid_cross_entropy, [3.0, -2.0, 1.0, 2.0], [1.0, 0.0, 1.0, 0.0]),
           which_case("cross-entropy, nobody above 0.4",
                      sigmoid_cross_entropy, [0.5, 0.5, -4.0], [1.0, 1.0, 0.0]),
           which_case("cross-entropy, among others a point that is as wrong as can be",
                      sigmoid_cross_entropy, [-50.0, 2.0, 1.0, -3.0], [1.0, 1.0, 1.0, 0.0]),
           which_case("cross-entropy, among others a point that is as right as can be",
                      sigmoid_cross_entropy, [50.0, -1.0, 1.0, -3.0], [1.0, 1.0, 1.0, 0.0]),
           which_case("MSE after sigmoid, one point where it pulls hardest",
                      mse_after_sigmoid, [-0.7, 2.0, 3.0, -3.0], [1.0, 1.0, 1.0, 0.0]),
           which_case("MSE after sigmoid, points surely right and surely wrong",
                      mse_after_sigmoid, [60.0, 60.0, 2.0, -3.0], [1.0, 0.0, 0.0, 0.0])],
    solution=which_loss,
    others=[which_by_sets, which_by_whole_numbers],
    mistakes=[Mistake(which_like(lambda g: (g == 0).any()),
                      "an exact 0 does not prove a hinge: far out the sigmoid is exactly 0 or 1 in "
                      "floats, too. Under a hinge all sizes are 0 or 1."),
              Mistake(which_like(lambda g: np.abs(g).max() == 1),
                      "a size of exactly 1 does not prove a hinge: far out the sigmoid is exactly "
                      "0 or 1 in floats, too. Under a hinge all sizes are 0 or 1."),
              Mistake(which_like(lambda g: (g == 0).any() and np.isin(np.abs(g), (0, 1)).all()),
                      "a hinge need not have silent points: all sizes may be 1."),
              Mistake(which_like(lambda g: np.isin(g, (0, 1)).all()),
                      "the hinge pulls up as well, with -1: compare the sizes, np.abs."),
              Mistake(which_like(lambda g: np.isin(np.abs(g), (0, 1)).any()),
                      "a single 0 or 1 does not prove a hinge: far out the sigmoid is exactly 0 or "
                      "1 in floats, too. Under a hinge all sizes are 0 or 1."),
              Mistake(which_like(lambda g: set(g) == {0, 1}, largest=lambda g: g.max()),
                      "gradients may be negative: compare sizes, np.abs, in both places; and a "
                      "hinge need not have silent points."),
              Mistake(which_like(only_0_and_1, largest=lambda g: np.abs(g).min()),
                      "all sizes need not be above 8/27 under cross-entropy: one is enough."),
              Mistake(which_like(only_0_and_1, bound=0.9),
                      "cross-entropy need not pull with nearly 1: whatever is above 8/27 = 0.296 "
                      "cannot come from MSE after sigmoid."),
              Mistake(lambda gradients: "hinge",
                      "it is always the hinge: what would the other two leave behind?"),
              Mistake(which_like(only_0_and_1, largest=lambda g: g.max()),
                      "the largest gradient may be negative: compare the sizes, np.abs."),
              Mistake(which_like(only_0_and_1, largest=lambda g: np.abs(g).mean()),
                      "the mean hides the loudest point: what is bounded is the largest size."),
              Mistake(which_like(only_0_and_1, bound=0.25),
                      "MSE after sigmoid may pull as hard as 8/27 = 0.296 at a single point: is "
                      "your bound lower (¼ is the slope of the sigmoid), or are several sizes "
                      "added up?"),
              Mistake(lambda gradients: "hinge" if only_0_and_1(gradients) else "cross-entropy"
                      if np.abs(gradients).max() <= 8 / 27 else "MSE after sigmoid",
                      "the last comparison is turned round: MSE after sigmoid is the one that is "
                      "never above 8/27."),
              Mistake(which_like(lambda g: len(np.unique(np.abs(g))) <= 2),
                      "two sizes do not prove a hinge: they have to be 0 and 1."),
              Mistake(which_like(only_0_and_1, bound=0.5),
                      "½ is too high a bound: MSE after sigmoid never pulls harder than 8/27 = "
                      "0.296, so a size of 0.4 gives cross-entropy away."),
              Mistake(which_like(lambda g: False),
                      "the hinge is never found: all its sizes are 0 or 1."),
              Mistake(lambda gradients: "hinge" if only_0_and_1(gradients) else "cross-entropy",
                      "MSE after sigmoid is never found: none of its sizes is above 8/27 = "
                      "0.296.")],
    hints=("Each of the three leaves a trace in the sizes of the gradients: which sizes can occur "
           "at all?",
           "hinge: 0 or 1, nothing else;   MSE after sigmoid: never above 8/27;   cross-entropy: "
           "all sizes from 0 to 1",
           "size = np.abs(gradients)\nif np.all((size == 0) | ...):\n    return \"hinge\"\n"
           "if size.max() ...:\n    return ..."))

TASKS = {"6.1": SOFTPLUS, "6.2": CROSS_ENTROPY, "6.3": WEIGHTED, "6.4": SUPPORT, "6.5": WHICH}
