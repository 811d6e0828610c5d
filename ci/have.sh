# Sourced from the top of the repository: looks at what this machine can build and run, and sets
#
#   CGO_ENABLED  1 where there is a C compiler
#   TAGS         build tags: noglfw without X11's headers; nogpu without OpenGL's
#   HAVE_MESA    1 where OpenGL can run in software
#   HAVE_XVFB    1 where a window can be opened without a screen
#   HAVE_RADV    1 where kernels can be compiled for AMD's GPUs
#   HAVE_MPI     1 where programs of MPI can be built and run
#   HAVE_QEMU    1 where programs for arm64 can be run
#   LACKING      one line for each thing that is not there, and what goes missing with it

# compiles CODE [FLAG…]: does this C program compile and link?
compiles() {
	local code=$1
	shift
	printf '%s\nint main(void) { return 0; }\n' "$code" | ${CC:-cc} -x c -o /dev/null - "$@" 2>/dev/null
}

lacking() { LACKING+="  $1"$'\n'; }

# any FILE…: is one of them there?
any() {
	local f
	for f; do [ -e "$f" ] && return; done
	return 1
}

look() {
	local tags=()
	LACKING= HAVE_MESA=0 HAVE_XVFB=0 HAVE_RADV=0 HAVE_MPI=0 HAVE_QEMU=0
	if command -v qemu-aarch64 >/dev/null; then
		HAVE_QEMU=1
	elif [ "$(uname -m)" != aarch64 ]; then
		lacking 'no qemu-aarch64 (qemu-user): the kernels for arm64 are built and not run'
	fi
	export CGO_ENABLED=1
	if ! compiles ''; then
		CGO_ENABLED=0 TAGS=
		lacking 'no C compiler (gcc): no GPU'
		return
	fi
	if pkg-config --exists gl 2>/dev/null && compiles '#include <GL/gl.h>' -lGL; then
		if any /usr/lib/dri/*.so /usr/lib/*/dri/swrast_dri.so /usr/lib64/dri/swrast_dri.so /usr/lib/*/libgallium*.so &&
			any /usr/lib/*/libEGL.so.1 /usr/lib64/libEGL.so.1 /usr/lib/libEGL.so.1; then
			HAVE_MESA=1
		else
			lacking 'no OpenGL in software (libegl1 libgl1-mesa-dri): without a real GPU the GPU path cannot be tested'
		fi
	else
		tags+=(nogpu)
		lacking 'no OpenGL headers (libgl-dev pkg-config): no GPU'
	fi
	if ! compiles '#include <X11/Xlib.h>
		#include <X11/XKBlib.h>
		#include <X11/Xcursor/Xcursor.h>
		#include <X11/extensions/Xrandr.h>
		#include <X11/extensions/Xinerama.h>
		#include <X11/extensions/XInput2.h>
		#include <X11/extensions/xf86vmode.h>' -lX11 -lXrandr -lXxf86vm -lXi -lXcursor -lXinerama; then
		tags+=(noglfw)
		lacking 'no X11 headers (xorg-dev): no GLFW window as a way to the GPU; EGL needs none'
	fi
	if command -v xvfb-run >/dev/null && command -v xauth >/dev/null; then
		HAVE_XVFB=1
	else
		lacking 'no virtual screen (xvfb xauth): GLFW is not tested'
	fi
	command -v glslangValidator >/dev/null || lacking 'no glslangValidator (glslang-tools): the shaders are not checked by a second compiler'
	if any /usr/share/vulkan/icd.d/radeon_icd*.json && command -v glslc >/dev/null && compiles '#include <vulkan/vulkan.h>' -lvulkan; then
		HAVE_RADV=1
	else
		lacking "no RADV (mesa-vulkan-drivers libvulkan-dev glslc): kernels are not compiled for AMD's GPUs"
	fi
	if command -v mpirun >/dev/null && CC=mpicc compiles '#include <mpi.h>'; then
		HAVE_MPI=1
	else
		lacking 'no MPI (openmpi-bin libopenmpi-dev): runs by several processes are tested without it, in one'
	fi
	[ -d /usr/share/datasets/fashion-mnist ] || lacking 'no Fashion-MNIST (dataset-fashion-mnist): hebb train needs a folder of yours'
	TAGS=$(IFS=,; echo "${tags[*]}")
}
look
