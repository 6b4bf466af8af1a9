"""On JAX, steps of equal models are compiled once: here every test builds its models anew."""

import atexit
import shutil
import tempfile

import keras

if keras.config.backend() == "jax":
    import jax

    if jax.config.jax_compilation_cache_dir is None:
        folder = tempfile.mkdtemp(prefix="kgen-compiled-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        jax.config.update("jax_compilation_cache_dir", folder)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
