"""Adam and AdamW: first steps, how far they go, what they refuse."""

import numpy as np
import pytest
from helpers import descend

from minigrad import Tensor
from optim import Adam, AdamW


def weights(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype), requires_grad=True)


@pytest.mark.parametrize("options, message", [
    ({"betas": (-0.1, 0.999)}, r"betas must be in \[0, 1\), not -0\.1"),
    ({"betas": (0.9, 1.0)}, r"betas must be in \[0, 1\), not 1\.0"),
    ({"betas": (1, 0.999)}, r"betas must be in \[0, 1\), not 1"),
    ({"betas": (0.9, float("nan"))}, r"betas must be in \[0, 1\), not nan"),
    ({"betas": ()}, r"betas are two numbers.*\(\)"),
    ({"betas": (0.9,)}, r"betas are two numbers.*\(0\.9,\)"),
    ({"betas": (0.9, 0.99, 0.999)}, r"betas are two numbers"),
    ({"eps": 0}, r"eps must be positive.*0"),
    ({"eps": -1e-8}, r"eps must be positive.*-1e-08"),
    ({"eps": float("nan")}, r"eps must be positive.*nan"),
    ({"eps": float("inf")}, r"eps must be positive.*inf"),
], ids=str)
def test_adam_refuses_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        Adam([weights(1.0)], **options)


def test_one_number_in_place_of_two_betas_is_refused_by_name():
    with pytest.raises((TypeError, ValueError), match="betas"):
        Adam([weights(1.0)], betas=0.9)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6], ids=str)
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.5, 0.9)], ids=str)
def test_the_first_step_has_length_lr_however_large_the_gradient(size, betas):
    (w,) = descend(Adam([weights(0.0, 0.0)], lr=0.1, betas=betas), [[size, -size]])
    np.testing.assert_allclose(w, [-0.1, 0.1], rtol=2e-5)  # eps is 1e-5 of the smallest size


def test_two_steps_are_those_worked_on_paper():
    """lr = 1, betas = (1/2, 3/4), eps = 1; the gradients are 3, then -1.

    t = 1: m = 1.5, v = 2.25, m_hat = 3, v_hat = 9, step 3 / (3 + 1) = 0.75
    t = 2: m = 0.25, v = 1.9375, m_hat = 1/3, v_hat = 31/7, step (1/3) / (sqrt(31/7) + 1)
    """
    optimizer = Adam([weights(0.0)], lr=1.0, betas=(0.5, 0.75), eps=1.0)
    path = descend(optimizer, [[3.0], [-1.0]])
    second = -0.75 - (1.0 / 3.0) / (np.sqrt(31.0 / 7.0) + 1.0)
    np.testing.assert_allclose(path.ravel(), [-0.75, second], rtol=1e-14)
    state, = optimizer.state
    assert (state["m"].item(), state["v"].item()) == (0.25, 1.9375)


def test_the_path_does_not_depend_on_the_scale_of_the_loss():
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(30, 4))
    small, large = (descend(Adam([weights(*np.ones(4))], lr=0.1, eps=1e-300), scale * gradients)
                    for scale in (1.0, 1e4))
    np.testing.assert_allclose(small, large, rtol=1e-10)


def test_every_weight_has_a_step_of_its_own():
    (w,) = descend(Adam([weights(0.0, 0.0, 0.0)], lr=0.1), [[1e-2, 1.0, 1e2]])
    np.testing.assert_allclose(w, [-0.1] * 3, rtol=2e-6)


def test_a_weight_whose_gradient_was_always_zero_stays():
    path = descend(Adam([weights(5.0, 5.0)], lr=0.1), [[0.0, 1.0]] * 10)
    assert (path[:, 0] == 5.0).all() and (np.diff(path[:, 1]) < 0.0).all()


def test_weight_decay_is_a_term_of_the_gradient_and_not_adamw():
    """With g = 0 the decay is the whole gradient, so the step is lr; AdamW's would be lr w / 10."""
    (w,) = descend(Adam([weights(4.0, -0.5)], lr=0.01, weight_decay=0.1), [[0.0, 0.0]])
    np.testing.assert_allclose(w, [3.99, -0.49], rtol=1e-7)


def test_the_step_counter_counts_steps():
    optimizer = Adam([weights(1.0)])
    assert optimizer.steps == 0
    descend(optimizer, [[1.0]] * 3)
    assert optimizer.steps == 3


def test_a_long_run_of_float32_stays_close_to_that_of_float64():
    gradients = np.random.default_rng(0).normal(size=(500, 3)) + 0.3
    narrow, wide = (descend(Adam([weights(1.0, 2.0, 3.0, dtype=dtype)], lr=0.01), gradients)
                    for dtype in (np.float32, np.float64))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, rtol=0, atol=1e-4)


# -- AdamW -----------------------------------------------------------------------------------------


def test_adamw_without_decay_is_adam():
    gradients = np.random.default_rng(0).normal(size=(50, 3))
    one, other = (descend(kind([weights(1.0, 2.0, 3.0)], lr=0.01, weight_decay=0.0), gradients)
                  for kind in (Adam, AdamW))
    assert np.array_equal(one, other)


def test_adamw_shrinks_all_weights_alike_and_adam_does_not():
    """Gradients of changing sign, large for one weight: only the decay has a lasting effect."""
    gradients = [[100.0 * (-1) ** t, 0.01 * (-1) ** t] for t in range(400)]
    options = {"lr": 1e-3, "weight_decay": 0.5}
    inside, beside = (descend(kind([weights(1.0, 1.0)], **options), gradients)[-1]
                      for kind in (Adam, AdamW))
    np.testing.assert_allclose(beside, 0.9995**400, rtol=2e-3)
    assert inside[0] > 0.98 and inside[1] < 0.7, "Adam divides its decay by the gradient's size"


def test_adamws_decay_is_multiplied_by_the_rate():
    (w,) = descend(AdamW([weights(4.0)], lr=0.1, weight_decay=0.5), [[0.0]])
    np.testing.assert_allclose(w, [4.0 * (1.0 - 0.05)], rtol=1e-15)


def test_a_snapshot_of_adam_is_not_taken_for_adamws():
    with pytest.raises(ValueError, match="this snapshot is of Adam, not AdamW"):
        AdamW([weights(1.0)]).load_state_dict(Adam([weights(1.0)]).state_dict())
