"""What the stacked attribute GAN is worth: do its pictures show what was asked for?

The paper prints no numbers. These are asked of judges that learnt from real pictures: whether masks
and pictures show the attributes, against what the judges see on real ones (ceiling) and for other
pictures' attributes (floor); and whether the picture keeps to its mask.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from kgen.attribute_gan.judges import Judges
from kgen.attribute_gan.scores import group_scores, relative_score
from kgen.attribute_gan.stacked import StackedAttributeGAN
from kgen.data.attribute_batches import AttributeBatches
from kgen.data.attributes import AttributePictures
from kgen.data.images import to_uint8
from kgen.evaluation.examples import Example
from kgen.evaluation.gallery import Gallery
from kgen.evaluation.result import EvaluationResult
from kgen.evaluation.run import circumstances, evaluate
from kgen.metrics.masks import mask_iou

STAND_INS = ("fid_stand_in", "kid_stand_in")
SEEN_ON = {"shape": "masks", "other": "pictures", "painted": "pictures on real masks"}
MEANS = {"shape": "shapes_seen", "other": "others_seen", "painted": "painted_seen"}
SCORE = "share of pictures on which the judge's likeliest value of the group was asked for"


def evaluate_chain(
    model: StackedAttributeGAN,
    pictures: AttributePictures,
    judges: Judges,
    metrics: Sequence[str] = STAND_INS,
    output: str | os.PathLike | None = None,
    seed: int = 0,
    name: str = "stacked attribute GAN",
    shown: int = 3,
) -> EvaluationResult:
    """Draw one picture for the attributes of each real one, and judge them.

    - `shape_GROUP`: generated masks show the shape attributes asked for, seen by the judge of
      masks; `other_GROUP`: the generated pictures the others; `painted_GROUP`: likewise, what
      stage II paints on real masks. `real_value` is the same score of the real ones, `floor` that
      of the generated ones for attributes of other pictures, `relative` where the value lies
      between them (1: as real ones).
    - `shapes_seen`, `others_seen`, `painted_seen`: the means of `relative` over groups.
    - `round_trip_iou`: attributes -> mask -> picture -> segmenter, against the mask.
    - `shape_adherence`: stage II on real masks, segmented, against these. Both have as `real_value`
      what the segmenter reaches on real pictures.
    - metrics of the two sets of pictures: `kgen.evaluation.known_names()`.

    Args:
        model: both stages, trained.
        pictures: real ones that neither the stages nor the judges have learnt from; their
            `shape_names` and `other_names` are those of the judges.
        judges: see `Judges.train`.
        metrics: of sets of pictures. Default: FID and KID with stand-in features, which need no
            weights and compare with nothing else; `"fid_inception2015"` with the published ones.
        output: folder for `metrics.json`, `per_image.csv` and `report.html`. Default: none.
        seed: of the noise.
        name: of what is measured, for the report.
        shown: pictures of each kind in the report. Default 3.

    Returns:
        the numbers, see `EvaluationResult`.

    Raises:
        ValueError: judges of other attributes or of another size than the model's.
    """
    started = time.perf_counter()
    _check(model, pictures, judges)
    real, masks = _as_seen(pictures, judges)
    attributes = model.vectors_for(pictures)
    drawn, shapes = model.generate(attributes, seed=seed)
    painted = model.stage2.generate(masks, attributes[:, model.columns[1]])
    on_masks, on_real = judges.of_masks(masks), judges.of_pictures(real)
    found = _attributes_seen("shape", judges.of_masks(shapes), on_masks, pictures)
    found |= _attributes_seen("other", judges.of_pictures(drawn), on_real, pictures)
    found |= _attributes_seen("painted", judges.of_pictures(painted), on_real, pictures)
    ceiling = float(mask_iou(masks, judges.find_object(real)).mean())
    ious = {
        "round_trip_iou": mask_iou(shapes, judges.find_object(drawn)),
        "shape_adherence": mask_iou(masks, judges.find_object(painted)),
    }
    for key, values in ious.items():
        found[key] = _iou_entry(key, values, ceiling)
    if metrics:
        found |= evaluate(drawn, real, list(metrics), verbose=0).metrics
    result = EvaluationResult(
        name=name,
        metrics=found,
        per_image=ious,
        names=[f"picture {number}" for number in range(len(pictures))],
        pictures=_gallery(pictures, shapes, real, drawn, ious["round_trip_iou"], shown),
        settings=_settings(model, len(pictures), judges.size, time.perf_counter() - started),
    )
    if output is not None:
        result.save(output)
    return result


def _check(model: StackedAttributeGAN, pictures: AttributePictures, judges: Judges) -> None:
    for side in ("shape_names", "other_names"):
        if tuple(getattr(pictures, side)) != tuple(getattr(judges, side)):
            raise ValueError(
                f"the judges have learnt other {side} than these pictures have: train them on "
                "pictures that are divided alike (Judges.train)"
            )
    if (size := model.image_size) != judges.size:
        raise ValueError(
            f"the model draws pictures of {size}x{size}, the judges look at {judges.size}x"
            f"{judges.size}: Judges.train(pictures, size={size})"
        )


def _as_seen(pictures: AttributePictures, judges: Judges) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and masks, cut as for the judges' training: uint8 (N, S, S, 3), (N, S, S, 1)."""
    batches = list(
        AttributeBatches(
            pictures, 2, judges.size, load_size=judges.load_size or judges.size, flip=False,
            shuffle=False, drop_remainder=False,
        )
    )  # fmt: skip
    images, masks = (np.concatenate([b[key] for b in batches]) for key in ("image", "mask"))
    return to_uint8(images), to_uint8(masks)


def _attributes_seen(
    part: str, logits: np.ndarray, on_real: np.ndarray, pictures: AttributePictures
) -> dict[str, dict[str, Any]]:
    """`PART_GROUP` of each group, and the mean of what lies between the bounds.

    Args:
        part: a key of `SEEN_ON`.
        logits: what the judge says of generated pictures or masks, (N, n).
        on_real: what it says of the real ones, likewise.
        pictures: the real ones.
    """
    side = "shape" if part == "shape" else "other"
    columns = list(getattr(pictures, f"{side}_columns"))
    names, asked = getattr(pictures, f"{side}_names"), pictures.attributes[:, columns]
    scores = group_scores(logits, asked, names)
    floors = group_scores(logits, np.roll(asked, 1 + len(asked) // 2, axis=0), names)
    ceilings = group_scores(on_real, asked, names)
    found = {
        f"{part}_{group}": {
            "value": value,
            "label": f"{group}, {SEEN_ON[part]}",
            "better": "higher",
            "n": len(asked),
            "real_value": ceilings[group],
            "floor": floors[group],
            "relative": relative_score(value, ceilings[group], floors[group]),
            "variant": f"{SCORE}; for attributes of other pictures {floors[group]:.3f}",
        }
        for group, value in scores.items()
    }
    relatives = np.array([entry["relative"] for entry in found.values()])
    shares = relatives[np.isfinite(relatives)]
    return found | {
        MEANS[part]: {
            "value": float(shares.mean()) if len(shares) else float("nan"),
            "label": f"Attributes seen, {SEEN_ON[part]}",
            "better": "higher",
            "n": len(asked),
            "variant": "mean over groups of (score - floor) / (score of real ones - floor)",
        }
    }


def _iou_entry(key: str, values: np.ndarray, ceiling: float) -> dict[str, Any]:
    asked = "generated masks" if key == "round_trip_iou" else "real masks"
    return {
        "value": float(values.mean()),
        "median": float(np.median(values)),
        "standard_deviation": float(values.std()),
        "label": f"Obeys {asked}, IoU",
        "better": "higher",
        "n": len(values),
        "real_value": ceiling,
        "variant": f"IoU of what the segmenter finds on pictures painted on {asked}, mean",
    }


def _gallery(
    pictures: AttributePictures,
    shapes: np.ndarray,
    real: np.ndarray,
    drawn: np.ndarray,
    order: np.ndarray,
    shown: int,
) -> dict:
    gallery = Gallery("higher", shown)
    for row, parts in enumerate(zip(shapes, real, drawn, strict=True)):
        gallery.add(Example(f"picture {row}", pictures.name(row), *parts), float(order[row]))
    return gallery.groups()


def _settings(model: Any, count: int, size: int, seconds: float) -> dict[str, Any]:
    return circumstances(
        model={"class": type(model).__name__},
        pictures=count,
        size=(size, size),
        ranked_by="round_trip_iou",
        seconds={"all": round(seconds, 3)},
    )
