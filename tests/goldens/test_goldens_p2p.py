"""kgen against the numbers of the reference implementations: pix2pix, attribute GAN, metrics.

The manifest says what there is; each entry goes to the check for its kind.
"""

from __future__ import annotations

import pytest

from tests.goldens.check_attributes import check_dong, check_stackgan
from tests.goldens.check_data import check_crops, check_diff_augment, check_jitter
from tests.goldens.check_image_metrics import check_image_metrics
from tests.goldens.check_losses import check_losses, check_pool, check_schedule
from tests.goldens.check_lpips import check_lpips
from tests.goldens.check_networks import (
    check_discriminator,
    check_dropout,
    check_resnet,
    check_seed_networks,
    check_tutorial_networks,
    check_unet,
)
from tests.goldens.check_segmentation import check_fcn_score
from tests.goldens.check_set_metrics import check_set_metrics
from tests.goldens.check_spectra import check_power_spectrum
from tests.goldens.check_steps import check_steps
from tests.goldens.files import Golden, read_set
from tests.goldens.kinds import HANDLED, kinds_of

CHECKS = {
    "unet": check_unet,
    "resnet": check_resnet,
    "dropout": check_dropout,
    "discriminator": check_discriminator,
    "losses": check_losses,
    "schedule": check_schedule,
    "pool": check_pool,
    "steps": check_steps,
    "seed_networks": check_seed_networks,
    "tutorial_networks": check_tutorial_networks,
    "diff_augment": check_diff_augment,
    "jitter": check_jitter,
    "crops": check_crops,
    "lpips": check_lpips,
    "image_metrics": check_image_metrics,
    "set_metrics": check_set_metrics,
    "fcn_score": check_fcn_score,
    "power_spectrum": check_power_spectrum,
    "stackgan": check_stackgan,
    "dong": check_dong,
}
GOLDENS = read_set("p2p")


def _cases() -> list:
    return [
        pytest.param(golden, kind, id=f"{kind}-{golden.id}")
        for golden in GOLDENS
        for kind in kinds_of(golden)
    ]


@pytest.mark.parametrize(("golden", "kind"), _cases())
def test_golden(golden: Golden, kind: str) -> None:
    """The entry's numbers are reached, and none of its arrays is left out."""
    CHECKS[kind](golden)
    assert golden.unread() == []


def test_every_entry_is_recognised() -> None:
    """No entry is dropped in silence."""
    assert GOLDENS
    for golden in GOLDENS:
        assert golden.path.is_file()
        kinds = kinds_of(golden)
        assert len(kinds) == 1, f"{golden.path}: one kind expected, found {kinds}"


def test_every_kind_has_a_check() -> None:
    assert set(CHECKS) == set(HANDLED)
