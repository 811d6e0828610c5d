#!/usr/bin/env bash
# Everything that must hold, in steps; stops at the first that fails. make test calls it.
cd "$(dirname "$0")/.." || exit
. ci/have.sh
summary=
mkdir -p build

# step NAME COMMAND…
step() {
	local name=$1 start=$SECONDS
	shift
	printf '\n=== %s\n' "$name"
	if ! "$@"; then
		printf '\nFAILED: %s\n  %s\n%s' "$name" "$*" "${summary:+passed before:$'\n'$summary}"
		exit 1
	fi
	summary+=$(printf '%5d s  %s' $((SECONDS - start)) "$name")$'\n'
}

skipped() { summary+="skipped  $1: $2"$'\n'; }

formatted() {
	local bad
	bad=$(gofmt -l .)
	[ -z "$bad" ] || { printf 'not as gofmt writes it:\n%s\n' "$bad"; return 1; }
}

# pure COMMAND…: without cgo.
pure() { CGO_ENABLED=0 "$@"; }

elsewhere() { go run ./ci/elsewhere {windows,darwin}/amd64 {linux,darwin}/arm64 && GOARCH=arm64 pure go vet ./cpu; }

# emulated: the kernels for arm64, on the first of its processors: their bits and shapes, and products by their definition.
emulated() (
	run='qemu-aarch64 -cpu cortex-a57'
	of='Kernels|KernelClips|PrimitiveBits|RowsBits|RunSums|Largest|Exp|Log|Ends|GaussianBits|Transpose|Small|Narrow|StoredPatches|Philox|Normals|Widen'
	export GOARCH=arm64
	pure go test -short -exec "$run" -run "^Test($of)\$" ./cpu &&
		pure go build -o build/hebb-arm64 ./cmd/hebb &&
		$run build/hebb-arm64 verify --backend cpu --op Gemm --sample 16
)

# Tests compile hundreds of shaders once: a software OpenGL need not optimise them, and writes short vectors a sixth faster.
export GALLIVM_PERF=nopt LP_NATIVE_VECTOR_WIDTH=128

# cgoless: what is another program without cgo. All else is the same code, judged above.
cgoless() { (unset NEED_GPU && pure go test ./backend && pure go test -run '^TestNoGPU$' ./cmd/cli); }

# exemplified: the programs of a user's own module.
exemplified() { (cd examples && export GOFLAGS="$GOFLAGS -tags=$TAGS" && go vet ./... && go test ./...); }

raced() {
	# Cases of an op share their work out alike: one in five shows what would race.
	go test -vet=off -race -tags "$TAGS" -run 'TestOps$|TestStretch' ./cpu -args -every 5 &&
		go test -vet=off -race -tags "$TAGS" -run 'TestAuto|TestSystemsFind' ./backend ./nets/develop &&
		go test -vet=off -race -tags "$TAGS" -run 'TestErrors|TestQueuedError|TestTwo|TestOps/naive_windows$' ./gpu
}

# connected: processes that MPI connects, and hebb with it.
connected() (
	export CC=mpicc TAGS=noglfw,mpi # GLFW is a minute of C that no rank needs
	go vet -tags "$TAGS" ./nets/spread/mpi && go tool staticcheck -tags "$TAGS" ./nets/spread/mpi &&
		go test -count=1 -tags "$TAGS" ./nets/spread/mpi &&
		go build -tags "$TAGS" -o build/hebb-mpi ./cmd/hebb && build/hebb-mpi info | grep '^MPI: ' &&
		ci/ranks.sh build/hebb-mpi
)

# trained BACKEND…: a few steps of a small residual network and of networks under local rules, every op checked against
# its definition; and the same steps in two runs, the second resumed from the first, must give the same bits.
trained() {
	local b
	rm -rf build/run-*
	for b in "$@"; do
		twice $b kp --net resnet8 --crop 2 --flip && twice $b phsic:groups=2 --net lenet5 &&
			twice $b hsic --net mlp:784-24-16-10,norm=plain,dropout=0.1 --lr 1e-4 || return
	done
	build/hebb compare build/run-*
}

# twice BACKEND RULE OPTION…
twice() {
	local b=$1 rule=$2 to=build/run-$1-${2%%:*}
	shift 2
	local run="build/hebb train --rule $rule --backend $b --data fashion-mnist --limit 512 --test-limit 32 --batch 16 $*"
	$run --steps 4 --verify 64 --out $to &&
		$run --steps 2 --out $to-cut &&
		build/hebb train --resume $to-cut --steps 4 --backend $b &&
		cmp $to{,-cut}/checkpoints/step-000000004/model.safetensors &&
		cmp $to{,-cut}/checkpoints/step-000000004/state.safetensors
}

# The tests say which of the packages of the machine they want; what is there must be used.
gpu=0
if [ "$CGO_ENABLED" = 1 ] && [ $HAVE_MESA = 1 ]; then gpu=1; fi
both=gpu,cpu
[ $gpu = 1 ] || both=cpu
[ $gpu = 1 ] && export NEED_GPU=1
[ $HAVE_RADV = 1 ] && export NEED_RADV=1

step "gofmt" formatted
step "build (tags: ${TAGS:-none})" go build -tags "$TAGS" -o build/hebb ./cmd/hebb
step 'go vet' go vet -tags "$TAGS" ./...
step 'staticcheck' go tool staticcheck -tags "$TAGS" ./...
# Tests allocate much and hold little: collecting less often saves up to a quarter of their time.
export GOGC=400
# The GPU's take longest, on one core: they begin first. All were vetted above.
step 'tests' go test -vet=off -timeout 60m -tags "$TAGS" ./gpu ./...
[ $HAVE_RADV = 1 ] || skipped "registers of AMD's GPUs (TestRegisters)" 'no RADV here'
step 'examples, from a module of their own' exemplified
step 'tests without cgo' cgoless
if [ $HAVE_MPI = 1 ]; then
	step 'processes that MPI connects (tag mpi)' connected
else
	skipped 'processes that MPI connects' 'no MPI here'
fi
step 'types on windows, darwin and arm64' elsewhere
if [ $HAVE_QEMU = 1 ]; then
	step 'kernels for arm64, emulated' emulated
elif [ "$(uname -m)" != aarch64 ]; then
	skipped 'kernels for arm64' 'no qemu-aarch64 here'
fi
if [ "$CGO_ENABLED" = 1 ]; then
	# What runs on several goroutines; the rest of the suite is judged above, ten times as fast.
	step 'race detector' raced
else
	skipped 'race detector' 'no C compiler'
fi
step "hebb verify on $both" build/hebb verify --all --backend $both
if [ $gpu = 0 ]; then
	skipped 'the GPU path' 'no OpenGL here'
elif [ $HAVE_XVFB = 1 ] && [[ $TAGS != *noglfw* ]]; then
	step 'hebb verify through GLFW, on a virtual screen' xvfb-run -a build/hebb verify --backend gpu --context glfw --sample 64
else
	skipped 'GLFW' 'no virtual screen, or no X11 headers'
fi
if [ -d /usr/share/datasets/fashion-mnist ]; then
	step "hebb train on $both, verified" trained ${both//,/ }
else
	skipped 'hebb train' 'no Fashion-MNIST'
fi
# So many inputs, not for so long: a time that ends while an input is made smaller fails the test.
fuzz='go test -run ^$ -fuzztime 10000x -fuzzminimizetime 10x -fuzz'
for f in FuzzReadIDX FuzzReadCIFAR FuzzReadNPY FuzzReadNPZ FuzzLoadFolder; do
	step "fuzzing: $f" $fuzz "^$f\$" ./nets/data
done
step 'fuzzing: safetensors' $fuzz '^FuzzRead$' ./nets/safetensors

printf '\nAll passed in %d s:\n%s' $SECONDS "$summary"
[ -z "$LACKING" ] || printf 'missing on this machine:\n%s' "$LACKING"
