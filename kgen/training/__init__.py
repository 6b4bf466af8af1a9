"""One call that trains a system and leaves a run folder that explains itself."""

from kgen.training.result import TrainingResult
from kgen.training.train import train

__all__ = ["TrainingResult", "train"]
