#!/bin/sh
# slim.sh VENV: remove from the installed packages what a running app never opens.
set -eu
cd "$1"/lib/python3.*/site-packages

# torch: its own tests, its headers and build files, its command line tools, libraries for its tests.
rm -rf torch/test torch/include torch/share torch/bin/test_* torch/bin/*Test torch/bin/protoc*
rm -f torch/lib/libtorchbind_test.so torch/lib/libjitbackend_test.so \
  torch/lib/libbackend_with_compiler.so torch/lib/libaoti_custom_ops.so torch/lib/*.a

# pyarrow: headers, and the parts that speak to databases and object stores.
rm -rf pyarrow/include pyarrow/src
find pyarrow -name '*.pyx' -o -name '*.pxi' -o -name '*.pxd' | xargs rm -f

# The tests of all packages, and type stubs.
find . -type d -name tests -prune \( -path './numpy/*' -o -path './pandas/*' -o -path './pyarrow/*' \
  -o -path './sympy/*' -o -path './networkx/*' -o -path './mpmath/*' \) -exec rm -rf {} +
find . -name '*.pyi' -delete
