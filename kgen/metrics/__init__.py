"""Metrics: the numbers that papers report, each with the variant it is.

Plain functions take arrays, tensors, lists or folders of images, or features; the classes in
capitals are Keras metrics for `compile`, `fit` and `evaluate`. Whatever would make a number
meaningless (values that are not finite, a wrong range, sizes that differ, one image in a set
metric) is an error.
"""

from kgen.metrics.extractors import EXTRACTORS, Extractor, as_extractor, load_extractor
from kgen.metrics.frechet import frechet_distance
from kgen.metrics.identity import identity_consistency
from kgen.metrics.inception import inception_score
from kgen.metrics.keras_metrics import PSNR, RMSE, SSIM, PerImageMean, SharpDiff
from kgen.metrics.keras_segmentation import SegmentationScore
from kgen.metrics.kernel import Estimate, kernel_distance, kernel_mmd
from kgen.metrics.lpips import LPIPS, LPIPSNetwork, feature_distances, lpips, lpips_network
from kgen.metrics.manifold import PrecisionRecall, precision_recall
from kgen.metrics.masks import mask_iou, outline_curvature, stray_parts
from kgen.metrics.memorization import NearestImages, copied_share, nearest_training_images
from kgen.metrics.moments import Moments
from kgen.metrics.pairwise import mae, psnr, rmse, sharp_diff
from kgen.metrics.preference import Preference, preference_test
from kgen.metrics.retrieval import recall_at, vigor_hit_rate
from kgen.metrics.seams import SeamScores, seam_band, seam_scores
from kgen.metrics.segmentation import Confusion, SegmentationResult, segmentation_scores
from kgen.metrics.similarity import SSIMVariant, ms_ssim, ssim
from kgen.metrics.spectrum import (
    Spikes,
    log_spectral_distance,
    mean_power_spectrum,
    radial_spectrum,
    spectrum_spikes,
)

__all__ = [
    "EXTRACTORS",
    "LPIPS",
    "PSNR",
    "RMSE",
    "SSIM",
    "Confusion",
    "Estimate",
    "Extractor",
    "LPIPSNetwork",
    "Moments",
    "NearestImages",
    "PerImageMean",
    "PrecisionRecall",
    "Preference",
    "SSIMVariant",
    "SeamScores",
    "SegmentationResult",
    "SegmentationScore",
    "SharpDiff",
    "Spikes",
    "as_extractor",
    "copied_share",
    "feature_distances",
    "frechet_distance",
    "identity_consistency",
    "inception_score",
    "kernel_distance",
    "kernel_mmd",
    "load_extractor",
    "log_spectral_distance",
    "lpips",
    "lpips_network",
    "mae",
    "mask_iou",
    "mean_power_spectrum",
    "ms_ssim",
    "nearest_training_images",
    "outline_curvature",
    "precision_recall",
    "preference_test",
    "psnr",
    "radial_spectrum",
    "recall_at",
    "rmse",
    "seam_band",
    "seam_scores",
    "segmentation_scores",
    "sharp_diff",
    "spectrum_spikes",
    "ssim",
    "stray_parts",
    "vigor_hit_rate",
]
