# Functions shared by tools/quickstart and tools/test: find a Python, make environments.
# Read with `source`; expects `repository` to hold the absolute path of the repository.
# shellcheck shell=bash

: "${repository:?must hold the path of the repository}"
constraints="$repository/tools/constraints.txt"
environments="${KGEN_ENVIRONMENTS:-$repository/.venvs}"

# On a machine shared with others, threads that wait actively cost several times their work.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}"
export TF_CPP_MIN_LOG_LEVEL="${TF_CPP_MIN_LOG_LEVEL:-3}"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Paths of another Python in these would leak into the environments.
unset PYTHONPATH PYTHONHOME

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The first Python 3.11 to 3.13 (newer ones have no TensorFlow yet); $PYTHON comes first.
find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
      2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "no Python 3.11, 3.12 or 3.13 found. Install one, or name it: PYTHON=/path/to/python3.12 $0"
}

# Two runs at the same time take turns here (where the system has flock). Descriptor 9 is closed in
# `unlock_environments`, and by the end of the process whatever happens.
lock_environments() {
  mkdir -p "$environments"
  exec 9>"$environments/.lock"
  if command -v flock >/dev/null && ! flock -n 9; then
    echo "waiting for another run that is installing into $environments"
    flock 9
  fi
}

unlock_environments() { exec 9>&-; }

# What an environment is made from. It is used again only when nothing of this has changed; it holds
# absolute paths, so a moved repository counts as a change.
fingerprint() { # PYTHON ENVIRONMENT BASE ARGUMENTS...
  local python="$1" environment="$2" base="$3"
  shift 3
  {
    "$python" -VV
    printf '%s\n' "$environment" "$@"
    cat "$constraints" "$repository/setup.cfg" "$repository/tools/environment.sh"
    [ -z "$base" ] || cat "$base/.complete"
  } | cksum
}

# PyTorch's own index has its wheels without CUDA (a tenth of the size); where it cannot be reached,
# pip's configured indexes have to do.
cpu_wheels() { # PYTHON PIP-ARGUMENTS...
  local index="https://download.pytorch.org/whl/cpu" python="$1"
  shift
  case " $* " in *" torch "*) ;; *) return ;; esac
  if "$python" -c "import urllib.request as r; r.urlopen('$index/torch/', timeout=5)" 2>/dev/null; then
    echo "--extra-index-url=$index"
  fi
}

# tensorflow-cpu is smaller, but is built for some machines only.
tensorflow_package() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo tensorflow-cpu ;;
    *) echo tensorflow ;;
  esac
}

# Make the environment $environments/NAME, or leave it alone when it is complete and up to date. With
# BASE (another environment's name, or '') it sees that environment's packages and adds its own.
# An interrupted attempt leaves no .complete behind and is thrown away by the next one.
make_environment() { # NAME BASE PIP-ARGUMENTS...
  local environment="$environments/$1" base="${2:+$environments/$2}" python wanted started=$SECONDS
  shift 2
  python="$(find_python)"
  wanted="$(fingerprint "$python" "$environment" "$base" "$@")"
  if [ "$(cat "$environment/.complete" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  echo "installing into $environment: $*"
  rm -rf "$environment"
  "$python" -m venv "$environment" || {
    rm -rf "$environment"
    fail "$python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"
  }
  if [ -n "$base" ]; then
    # A .pth file whose line asks for the base's folder, with the .pth files in it.
    local purelib='sysconfig.get_path("purelib")'
    "$base/bin/python" -c "import sysconfig
print('import site; site.addsitedir(%r)' % $purelib)" \
      >"$("$environment/bin/python" -c "import sysconfig; print($purelib)")/base.pth"
  fi
  # Compiling all modules takes longer than compiling the few that are used, when they are used.
  # shellcheck disable=SC2046  # one word, or none
  "$environment/bin/python" -m pip install -qq --no-compile --constraint "$constraints" \
    $(cpu_wheels "$python" "$@") "$@" || fail "pip could not install: $* (see its message above)"
  printf '%s\n' "$wanted" >"$environment/.complete"
  echo "installed in $((SECONDS - started)) s"
}
