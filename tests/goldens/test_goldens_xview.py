"""kgen against the numbers of the reference implementations: the cross-view set.

The manifest says what there is; each entry goes to the check for its kind.
"""

from __future__ import annotations

import pytest

from tests.goldens.check_cross_view_data import check_polar, check_resize
from tests.goldens.check_cross_view_losses import check_augmentation, check_diversity
from tests.goldens.check_cross_view_networks import (
    check_attentional,
    check_blocks,
    check_discriminators,
    check_generator,
    check_style,
)
from tests.goldens.check_cross_view_step import check_composite
from tests.goldens.check_image_metrics import check_s2sp_metrics
from tests.goldens.check_lpips import check_heads, check_lpips_procedural
from tests.goldens.check_one_way import check_one_way
from tests.goldens.check_retrieval import (
    check_retrieval_losses,
    check_schedules,
    check_sharpness,
)
from tests.goldens.check_saig import check_full, check_pos_embed, check_step
from tests.goldens.check_set_metrics import check_frechet, check_retrieval
from tests.goldens.files import Golden, read_set
from tests.goldens.kinds import ELSEWHERE, XVIEW, kinds_of

CHECKS = {
    "s2sp_metrics": check_s2sp_metrics,
    "frechet": check_frechet,
    "retrieval_metrics": check_retrieval,
    "lpips_procedural": check_lpips_procedural,
    "lpips_heads": check_heads,
    "resize": check_resize,
    "polar": check_polar,
    "saig_step": check_step,
    "saig_full": check_full,
    "pos_embed": check_pos_embed,
    "retrieval_losses": check_retrieval_losses,
    "sharpness": check_sharpness,
    "learning_rates": check_schedules,
    "attentional": check_attentional,
    "style": check_style,
    "blocks": check_blocks,
    "generator": check_generator,
    "discriminators": check_discriminators,
    "diversity": check_diversity,
    "augmentation": check_augmentation,
    "one_way": check_one_way,
    "composite": check_composite,
}
GOLDENS = [golden for golden in read_set("xview") if not kinds_of(golden, ELSEWHERE)]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.id)
def test_golden(golden: Golden) -> None:
    """The entry's numbers are reached, and none of its arrays is left out."""
    kinds = kinds_of(golden, XVIEW)
    assert len(kinds) == 1, f"{golden.id}: no kind, or several: {kinds}"
    CHECKS[kinds[0]](golden)
    assert golden.unread() == []


def test_every_kind_is_there() -> None:
    """No metric's entry is dropped in silence."""
    assert set(CHECKS) == set(XVIEW)
    assert {kind for golden in GOLDENS for kind in kinds_of(golden, XVIEW)} == set(XVIEW)
