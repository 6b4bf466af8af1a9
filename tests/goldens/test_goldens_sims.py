"""kgen against the numbers of the reference implementations: the semi-parametric set.

The manifest says what there is; each entry goes to the check for its kind. Entries of the system
itself are skipped, with their names, until it is there.
"""

from __future__ import annotations

import pytest

from tests.goldens.check_segmentation import check_preference, check_segmentation
from tests.goldens.check_spectra import check_power_spectrum_sims, check_seam
from tests.goldens.files import Golden, read_set
from tests.goldens.kinds import SIMS, kinds_of

CHECKS = {
    "power_spectrum": check_power_spectrum_sims,
    "segmentation": check_segmentation,
    "seam": check_seam,
    "preference": check_preference,
}
GOLDENS = read_set("sims")


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.id)
def test_golden(golden: Golden) -> None:
    """The entry's numbers are reached, and none of its arrays is left out."""
    kinds = kinds_of(golden, SIMS)
    if not kinds:
        pytest.skip(f"{golden.id}: not built yet")
    assert len(kinds) == 1
    CHECKS[kinds[0]](golden)
    assert golden.unread() == []


def test_every_kind_is_there() -> None:
    """No metric's entry is dropped in silence."""
    assert set(CHECKS) == set(SIMS)
    assert {kind for golden in GOLDENS for kind in kinds_of(golden, SIMS)} == set(SIMS)
