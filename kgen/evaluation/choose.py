"""From the names, functions and metric objects that a user gives to measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras

from kgen import metrics
from kgen.evaluation import catalogue
from kgen.evaluation.catalogue import About
from kgen.evaluation.features import FeatureMeasure
from kgen.evaluation.measures import ImageMeasure, KerasMeasure, Measure
from kgen.evaluation.sets import MemorisationMeasure, SpectrumMeasure

Metrics = str | Iterable[Any] | Mapping[str, Callable[..., Any]] | None


def as_list(chosen: Metrics) -> list[Any]:
    """The requested metrics as a list: names, (name, function) pairs, metric objects.

    Example:

    >>> as_list("psnr"), as_list(None)
    (['psnr'], ['psnr', 'ssim', 'rmse', 'log_spectral_distance'])
    """
    if chosen is None:
        return list(catalogue.DEFAULT)
    if isinstance(chosen, str) or callable(chosen):
        return [chosen]
    found: list[Any] = list(chosen.items() if isinstance(chosen, Mapping) else chosen)
    if not found:
        raise ValueError("metrics is empty: nothing to measure")
    return found


def need_pairs(chosen: Sequence[Any]) -> bool:
    """Whether some metric compares each picture with its own truth."""
    return any(not (isinstance(name, str) and is_of_sets(name)) for name in chosen)


def is_of_sets(name: str) -> bool:
    """Whether a name belongs to a metric of whole sets, which need not be paired."""
    return (
        name in catalogue.SPECTRUM_METRICS
        or name == "memorisation"
        or _family(name) in catalogue.FEATURE_METRICS
    )


def open_measures(
    chosen: Sequence[Any],
    count: int | None,
    extractors: Sequence[Any] = (),
    training_data: Any = None,
    reference: Path | None = None,
) -> list[Measure]:
    """Measures for the requested metrics; those that share features or spectra are one.

    Args:
        chosen: see `as_list`.
        count: pictures of a set, None if unknown.
        extractors: of features and LPIPS, by whose `name` they are found before kgen's own.
        training_data: for "memorisation".
        reference: moments of the real set, in place of its pictures.

    Raises:
        ValueError: unknown names; says which there are. Weights that are not there.
    """
    own = {network.name: network for network in extractors}
    measures: list[Measure] = []
    families: dict[str, list[str]] = {}
    spectra: list[str] = []
    for item in chosen:
        name = item if isinstance(item, str) else ""
        if name in catalogue.SPECTRUM_METRICS:
            spectra.append(name)
        elif _family(name) in catalogue.FEATURE_METRICS:
            families.setdefault(name.removeprefix(f"{_family(name)}_"), []).append(_family(name))
        elif name == "memorisation":
            measures.append(MemorisationMeasure(training_data))
        else:
            measures.append(_image_measure(item, own))
    for trunk, wanted in families.items():
        extractor = own.get(trunk) or _load_extractor(trunk)
        measures.append(FeatureMeasure(extractor, list(dict.fromkeys(wanted)), count, reference))
    return [*measures, *([SpectrumMeasure(spectra)] if spectra else [])]


def _family(name: str) -> str:
    """`fid` of `fid_inception2015`."""
    return next((f for f in catalogue.FEATURE_METRICS if name.startswith(f"{f}_")), "")


def load_networks(chosen: Sequence[Any], own: Sequence[Any] = ()) -> list[Any]:
    """The extractors and LPIPS networks of the requested metrics, to be used again and again.

    Args:
        chosen: see `as_list`.
        own: those that are there already.

    Example:

    >>> [network.name for network in load_networks(["psnr", "fid_stand_in", "kid_stand_in"])]
    ['stand_in']
    """
    networks = {network.name: network for network in own}
    for name in filter(lambda item: isinstance(item, str), chosen):
        family = _family(name)
        trunk = name.removeprefix(f"{family}_") if family else ""
        if trunk and trunk not in networks:
            networks[trunk] = _load_extractor(trunk)
        elif _trunk(name) and name not in networks:
            networks[name] = metrics.lpips_network(_trunk(name))
    return list(networks.values())


def _trunk(name: str) -> str:
    """`vgg` of `lpips_vgg`, nothing of other names."""
    trunk = name.removeprefix("lpips_")
    return trunk if trunk != name and trunk in catalogue.LPIPS_TRUNKS else ""


def _load_extractor(name: str) -> Any:
    if name not in metrics.EXTRACTORS:
        raise ValueError(
            f"there is no extractor {name!r}: take one of {', '.join(metrics.EXTRACTORS)}, or "
            "pass your own, extractors=[kgen.metrics.as_extractor(model, name)]"
        )
    return metrics.load_extractor(name)


def _image_measure(item: Any, own: Mapping[str, Any]) -> Measure:
    if isinstance(item, keras.metrics.Metric):
        return KerasMeasure(item)
    if isinstance(item, tuple) and len(item) == 2 and callable(item[1]):
        return _function_measure(*item)
    if callable(item):
        return _function_measure(getattr(item, "__name__", type(item).__name__), item)
    if item in catalogue.IMAGE_METRICS:
        return ImageMeasure(item, *catalogue.IMAGE_METRICS[item])
    if isinstance(item, str) and (item in own or _trunk(item)):
        return _lpips_measure(own.get(item) or metrics.lpips_network(_trunk(item)))
    raise ValueError(
        f"there is no metric {item!r}. Names: {', '.join(catalogue.known_names())}; or pass a "
        "function (real, fake) -> (B,) of uint8 pictures, or a keras.metrics.Metric."
    )


def _function_measure(name: str, function: Callable[..., Any]) -> ImageMeasure:
    line = (getattr(function, "__doc__", None) or "").strip().split("\n")[0]
    about = About(name, getattr(function, "better", ""), line or "a function of the caller's")
    return ImageMeasure(name, function, about)


def _lpips_measure(network: Any) -> ImageMeasure:
    trunk = network.name.removeprefix("lpips_")
    note = {"note": catalogue.STAND_IN} if trunk == "stand_in" else {}
    function = partial(metrics.lpips, network=network)
    return ImageMeasure(network.name, function, catalogue.LPIPS, trunk=trunk, **note)
