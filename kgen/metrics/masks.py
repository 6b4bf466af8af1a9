"""How far two masks of one object agree, and how smooth their outlines are."""

from __future__ import annotations

import numpy as np


def mask_iou(truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Intersection over union of each pair of masks.

    Args:
        truth: (N, H, W) or (N, H, W, 1); bool, or numbers of which those above the middle of their
            range count: uint8 from 128 on, float (in [-1, 1]) above 0.
        mask: likewise.

    Returns:
        (N,) float64; 1 where both are empty.

    Raises:
        ValueError: shapes that differ.

    Example:
        >>> mask_iou(np.array([[[1, 1, 0]]]) > 0, np.array([[[0, 1, 1]]]) > 0).round(3).tolist()
        [0.333]
    """
    truth, mask = as_bool(truth), as_bool(mask)
    if truth.shape != mask.shape:
        raise ValueError(f"masks must have one shape; got {truth.shape} and {mask.shape}")
    both = np.sum(truth & mask, axis=(1, 2), dtype=np.float64)
    either = np.sum(truth | mask, axis=(1, 2), dtype=np.float64)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def as_bool(masks: np.ndarray) -> np.ndarray:
    """Masks as bool (N, H, W), see `mask_iou`.

    Raises:
        ValueError: other shapes.
    """
    masks = np.asarray(masks)
    if masks.ndim == 4 and masks.shape[-1] == 1:
        masks = masks[..., 0]
    if masks.ndim != 3:
        raise ValueError(f"masks must be (N, H, W) or (N, H, W, 1); got {masks.shape}")
    if masks.dtype == bool:
        return masks
    return masks > 127 if masks.dtype == np.uint8 else masks > 0


def stray_parts(masks: np.ndarray) -> np.ndarray:
    """Specks beside the largest part of each mask, and holes in it: 0 for one solid object.

    Parts touch by sides (4 neighbours); a hole is background that does not reach the border.

    Args:
        masks: as in `mask_iou`.

    Returns:
        (N,) int64.

    Example:
        >>> mask = np.zeros((1, 5, 8), bool)
        >>> mask[0, 1:4, 1:4], mask[0, 2, 2], mask[0, 2, 6] = True, False, True
        >>> stray_parts(mask).tolist()
        [2]
    """
    from scipy import ndimage

    counts = []
    for mask in as_bool(masks):
        parts = ndimage.label(mask)[1]
        outside = ndimage.label(np.pad(~mask, 1, constant_values=True))[1]
        counts.append(max(parts - 1, 0) + outside - 1)
    return np.array(counts, np.int64)


def outline_curvature(masks: np.ndarray, radius: int = 3) -> np.ndarray:
    """How bent outlines are at each of their pixels, pooled over masks.

    2 (s_0 - s), with s the share of a disc around an outline pixel that lies in the mask (an
    integral invariant, Manay et al., 2004) and s_0 that of a straight outline: 0 where it is
    straight, towards 1 on tips and specks, below 0 in notches. Only discs that lie in the picture
    count.

    Args:
        masks: as in `mask_iou`.
        radius: of the disc in pixels. Default 3.

    Returns:
        (M,) float64, M outline pixels of all masks.

    Example:
        >>> mask = np.zeros((1, 21, 21), bool)
        >>> mask[0, :, :10] = True
        >>> outline_curvature(mask).round(3).tolist() == [0.0] * 15
        True
    """
    from scipy import ndimage

    offsets = np.arange(-radius, radius + 1)
    disc = (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2)[None]
    masks = as_bool(masks)
    cross = ndimage.generate_binary_structure(2, 1)[None]
    outline = masks & ~ndimage.binary_erosion(masks, cross, border_value=1)
    inside = ndimage.convolve(masks.astype(np.float64), disc / disc.sum(), mode="constant")
    frame = np.zeros(masks.shape[1:], bool)
    frame[radius:-radius, radius:-radius] = True
    straight = (disc.sum() + 2 * radius + 1) / (2 * disc.sum())
    return 2.0 * (straight - inside[outline & frame])
