"""Batches for the two stages of the stacked attribute GAN, on every backend, read by threads.

As with `Batches`, what a batch holds is a pure function of (seed, epoch, number of the batch), the
mismatching attributes included, so resumed runs and other backends see the same.
"""

import numpy as np

from kgen.data.attribute_names import attribute_groups
from kgen.data.attributes import AttributePictures
from kgen.data.epochs import JITTER, MISMATCH, EpochBatches
from kgen.data.preparation import prepare
from kgen.data.resizing import as_size

MISMATCHING = ("roll", "class", "group")
STAGES = {1: "shape_attributes", 2: "other_attributes"}


class AttributeBatches(EpochBatches):
    """Pictures as batches of image, mask and attributes, shuffled, jittered, in [-1, 1].

    Jitter (StackGAN, Reed et al.): resized to `load_size`, one random window of `size` cut from
    image and mask alike, both mirrored in half of the cases. Evaluation: resized to `size`.

    Args:
        pictures: where they come from; which attributes a stage gets is theirs to say
            (`shape_names`, `other_names`, `divide`).
        stage: 1: attributes -> mask, or 2: mask and attributes -> image.
        size: height and width of what the model sees, in pixels.
        batch_size: pictures in a batch.
        training: whether to shuffle, jitter and drop an incomplete last batch.
        load_size: size before the crop; default round(size * 76 / 64), the factor of StackGAN.
        flip: whether training mirrors.
        resize: method for the image; the mask is resized by "nearest".
        shuffle, seed, workers, drop_remainder, steps_per_epoch: as in `kgen.data.Batches`.
        mismatching: None leaves it to the model; "roll" adds the attributes of the next picture of
            the batch, "class" those of a picture of another class anywhere (without classes: of
            any picture), "group" the picture's own but for one group of attributes, drawn at
            random, which is that of another picture: the hardest to tell apart, so that a
            discriminator must learn every group, small parts too. Never a vector equal to the
            picture's own: where "roll" finds none in the batch, one is drawn from all pictures.
        cache: keep resized pictures in memory: at 76x76 23 kB each.

    Returns (of `batches[i]`), a dict of float32 arrays:
        stage 1: mask (B, S, S, 1), shape_attributes (B, n), maybe shape_attributes_wrong.
        stage 2: image (B, S, S, 3), mask (B, S, S, 1), other_attributes (B, n), maybe
        other_attributes_wrong. Images in [-1, 1], masks -1 or 1, attributes 0 to 1.

    Raises:
        ValueError: arguments that cannot be; no two pictures with different attributes for
            `mismatching`; and, naming the file, pictures that cannot be read.

    Example:
        >>> from kgen.data.toy import toy_birds
        >>> batches = AttributeBatches(toy_birds(count=6, size=32), stage=2, size=32, batch_size=4)
        >>> {name: array.shape for name, array in batches[0].items()}
        {'image': (4, 32, 32, 3), 'mask': (4, 32, 32, 1), 'other_attributes': (4, 50)}
    """

    def __init__(
        self,
        pictures: AttributePictures,
        stage: int = 1,
        size: int | tuple[int, int] = 64,
        batch_size: int = 64,
        training: bool = True,
        load_size: int | tuple[int, int] | None = None,
        flip: bool = True,
        resize: str = "bicubic",
        shuffle: bool | None = None,
        seed: int = 0,
        workers: int = 2,
        drop_remainder: bool | None = None,
        steps_per_epoch: int | None = None,
        mismatching: str | None = None,
        cache: bool = False,
    ):
        _check(pictures, stage, mismatching)
        super().__init__(
            len(pictures), "pictures", batch_size, training, shuffle, seed, workers,
            drop_remainder, steps_per_epoch,
        )  # fmt: skip
        self.pictures, self.stage, self.mismatching = pictures, stage, mismatching
        height, width = as_size(size)
        if load_size is None:
            load_size = (enlarged(height), enlarged(width))
        self.preparation = prepare(
            (height, width), training, load_size, flip, resize, target_resize="nearest"
        )
        self.attribute_names = pictures.shape_names if stage == 1 else pictures.other_names
        columns = pictures.shape_columns if stage == 1 else pictures.other_columns
        self.attributes = pictures.attributes[:, list(columns)].astype(np.float32)
        self._kept: dict[int, tuple[np.ndarray, np.ndarray]] | None = {} if cache else None
        if mismatching is not None:
            self._check_mismatch()
        self._groups = self._varying_groups() if mismatching == "group" else []
        self.sample(int(self.order(0)[0]), 0)  # what is wrong with all of them fails here

    def sample(self, index: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Picture `index` as the model sees it, a pure function of (seed, epoch, index).

        Returns:
            image (H, W, 3), in stage 1 the mask again; mask (H, W, 1); float32 in [-1, 1].
        """
        image, mask = self._load(index)
        rng = np.random.default_rng([JITTER, self.seed, epoch, index])
        drawn = self.preparation.draw(rng, mask.shape[:2])
        return self.preparation.finish(image, mask, drawn)

    def wrong_index(self, index: int, epoch: int, neighbours: np.ndarray) -> int:
        """Number of the picture whose attributes stand for wrong ones of picture `index`.

        Args:
            index: number of the picture.
            epoch: the epoch.
            neighbours: numbers of the others in its batch, the next one first.
        """
        own = self.attributes[index]
        if self.mismatching == "roll":
            for other in neighbours:
                if (self.attributes[other] != own).any():
                    return int(other)
        fits = (self.attributes != own).any(axis=1)
        classes = self.pictures.classes
        if self.mismatching == "class" and classes is not None:
            elsewhere = fits & (classes != classes[index])
            fits = elsewhere if elsewhere.any() else fits
        rng = np.random.default_rng([MISMATCH, self.seed, epoch, index])
        return int(rng.choice(np.flatnonzero(fits)))

    def wrong_attributes(self, index: int, epoch: int, neighbours: np.ndarray) -> np.ndarray:
        """Attributes (n,) that picture `index` does not have, see `mismatching`.

        Args:
            index: number of the picture.
            epoch: the epoch.
            neighbours: numbers of the others in its batch, the next one first.
        """
        if self.mismatching != "group":
            return self.attributes[self.wrong_index(index, epoch, neighbours)]
        rng = np.random.default_rng([MISMATCH, self.seed, epoch, index])
        wrong = self.attributes[index].copy()
        group = self._groups[rng.integers(len(self._groups))]
        differ = (self.attributes[:, group] != wrong[group]).any(axis=1)
        wrong[group] = self.attributes[rng.choice(np.flatnonzero(differ))][group]
        return wrong

    def _batch(self, epoch: int, index: int) -> dict[str, np.ndarray]:
        numbers = self.numbers(epoch, index)
        images, masks = zip(*(self.sample(int(n), epoch) for n in numbers), strict=True)
        batch = {} if self.stage == 1 else {"image": np.stack(images)}
        key = STAGES[self.stage]
        batch |= {"mask": np.stack(masks), key: self.attributes[numbers]}
        if self.mismatching is not None:
            wrong = [
                self.wrong_attributes(int(number), epoch, np.roll(numbers, -place)[1:])
                for place, number in enumerate(numbers)
            ]
            batch[f"{key}_wrong"] = np.stack(wrong)
        return batch

    def _load(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and mask at the size before the crop; stage 1 does not read the image."""
        if self._kept is not None and index in self._kept:
            return self._kept[index]
        if self.stage == 1:
            mask = self.pictures.mask(index)[..., None]
            _, mask = self.preparation.resize(mask[:1, :1], mask)
            resized = mask, mask
        else:
            image, mask, _, _ = self.pictures[index]
            resized = self.preparation.resize(image, mask[..., None])
        if self._kept is not None:
            self._kept[index] = resized
        return resized

    def _check_mismatch(self) -> None:
        if not (self.attributes != self.attributes[:1]).any():
            raise ValueError(
                f"mismatching={self.mismatching!r} needs two pictures with different attributes; "
                f"all {len(self.pictures)} have the same. Choose other attributes "
                "(pictures.divide), or mismatching=None."
            )

    def _varying_groups(self) -> list[list[int]]:
        """Columns of each group that is not the same for all pictures."""
        every = map(list, attribute_groups(self.attribute_names).values())
        varies = (self.attributes != self.attributes[:1]).any(axis=0)
        return [columns for columns in every if varies[columns].any()]


def enlarged(side: int) -> int:
    """Side before the random crop, by the factor of StackGAN.

    Example:
        >>> enlarged(64)
        76
    """
    return round(side * 76 / 64)


def _check(pictures: AttributePictures, stage: int, mismatching: str | None) -> None:
    if not isinstance(pictures, AttributePictures):
        raise ValueError(
            f"AttributeBatches takes a source of pictures with attributes, received "
            f"{type(pictures).__name__}. Make one with kgen.data.cub, toy_birds, rgba_folder, or "
            "attribute_arrays(images, masks, attributes, attribute_names)."
        )
    if stage not in STAGES:
        raise ValueError(f"stage is 1 (attributes to mask) or 2 (mask to image); not {stage!r}.")
    if mismatching not in (None, *MISMATCHING):
        raise ValueError(
            f"mismatching is None, {' or '.join(map(repr, MISMATCHING))}; received {mismatching!r}."
        )
    if not (pictures.shape_names if stage == 1 else pictures.other_names):
        raise ValueError(
            f"No attributes are left for stage {stage}: choose some with pictures.divide(shape="
            "[...], other=[...]); names or groups of "
            f"{', '.join(list(pictures.groups)[:12])}."
        )
