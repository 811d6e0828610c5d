#!/usr/bin/env bash
# Everything that a machine with a GPU is wanted for, with a hebb that was built elsewhere: no network, no Go.
#
#   ci/gpu.sh [--budget 8m] BINARY [OUTDIR]
#
# OUTDIR (bench/results/DEVICE) gets the page that hebb report makes, and in logs/ a log of each step and what it measured.
# Each step has a share of the budget, is interrupted when that is spent (hebb then writes what it has), and the next one goes on;
# what one step has measured another does not replace. The cases of the targets come first and the long tail last, so that a small
# budget costs the least important. Exit status 1 if a step failed: one that was cut short has not.
set -u

usage() {
	sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

# inSeconds 90, 90s, 8m or 1h
inSeconds() {
	case $1 in
	*[!0-9smh]* | '' | [smh]*) usage ;;
	*h) echo $((${1%h} * 3600)) ;;
	*m) echo $((${1%m} * 60)) ;;
	*) echo "${1%s}" ;;
	esac
}

budget=1800
while [[ ${1-} == --* ]]; do
	case $1 in
	--budget=*) budget=$(inSeconds "${1#*=}") || exit 2 ;;
	--budget) shift; budget=$(inSeconds "${1-}") || exit 2 ;;
	*) usage ;;
	esac
	shift
done
{ [ $# -ge 1 ] && [ $# -le 2 ] && [ -x "$1" ] && [ "$budget" -gt 0 ]; } || usage
hebb=$(realpath "$1")
out=${2-}
work=$(mktemp -d "${TMPDIR:-/tmp}/hebb-gpu.XXXXXX") || exit 1
mkdir "$work/logs"
failed=() watcher=

# step NAME PERCENT COMMAND…: of the budget.
step() {
	local name=$1 limit=$((budget * $2 / 100)) start=$SECONDS rc
	shift 2
	[ $limit -ge 5 ] || limit=5
	printf '=== %s (at most %d s)\n' "$name" $limit
	note "$@"
	timeout -s INT -k 60 $limit "$@" >"$work/logs/$name.log" 2>&1
	rc=$?
	case $rc in
	0) echo "    $((SECONDS - start)) s" ;;
	124 | 130) echo "    cut short after $((SECONDS - start)) s" ;;
	*)
		failed+=("$name")
		echo "    FAILED with status $rc; the end of $name.log:"
		tail -n 5 "$work/logs/$name.log" | sed 's/^/    /'
		;;
	esac
}

# note COMMAND…: for the page, as it can be typed.
note() {
	local word line=
	for word; do
		case $word in
		"$hebb") word=hebb ;;
		"$work"/logs/*) word=${word##*/} ;;
		*[' |()?*$']*) word="'$word'" ;;
		esac
		line+=" $word"
	done
	echo "${line# }" >>"$work/logs/commands.txt"
}

# bench NAME PERCENT FLAG…
bench() {
	local name=$1 percent=$2
	shift 2
	step "$name" "$percent" "$hebb" bench --max-case "$longest" --json "$work/logs/$name.json" "$@"
}

watch_clocks() {
	command -v nvidia-smi >/dev/null || return
	nvidia-smi --query-gpu=timestamp,name,clocks.sm,clocks.mem,power.draw,temperature.gpu,utilization.gpu \
		--format=csv -l 1 >"$work/logs/clocks.csv" 2>&1 &
	watcher=$!
}
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null' EXIT

has_cuda() { python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' >/dev/null 2>&1; }

# A case gets a 240th of the budget on one device: 2 s of 8 minutes.
longest=$((budget * 1000 / 240))
longest=$((longest < 100 ? 100 : longest > 5000 ? 5000 : longest))ms

watch_clocks
step info 3 "$hebb" info --probe
"$hebb" info --format json >"$work/logs/info.json" 2>>"$work/logs/info.log"
images=256
grep -q '"software": false' <(sed -n '/"gpus"/,$p' "$work/logs/info.json") || images=2
peer=()
if has_cuda; then
	peer=(--peer torch --peer-device cuda)
	echo 'beside torch on CUDA, with TF32 off'
else
	echo 'python3 has no torch with CUDA: nothing is compared with it'
fi

step verify 9 "$hebb" verify
step verifyallowed 6 "$hebb" verify --allow half,winograd
targets='product NN (4096|8192)³|product NN (1024 × 64|256 × 128)³|hebbian (plain|oja\+decay) 4096|gram gaussian 3 widths 16384|pointwise (copy|axpy|relu) 67108864'
bench targets 15 --backend gpu --suite product,hebbian,gram,pointwise --case "$targets" "${peer[@]}"
bench training 15 --backend gpu --suite training --case resnet18 --batch $images "${peer[@]}"
bench cpu 8 --backend cpu --suite training --case resnet18 --batch $((images > 64 ? 64 : images))
bench ladder 14 --ladder
bench hsic 8 --backend gpu --suite hsic --case 'kernel(sums|grad) 3 widths 65536' "${peer[@]}"
if [ ${#peer[@]} -gt 0 ]; then
	bench tf32 4 --backend gpu --suite product --case 'product NN [0-9]' "${peer[@]}" --peer-tf32
fi
bench half 4 --backend gpu --suite product --case 'product N[NT] (f16 )?((256 × 128|1024 × 64|1024|4096)³$|8×4096×4096)' --allow half
bench halftraining 4 --backend gpu --suite training --case resnet18 --batch $images --allow half
bench winogradtraining 4 --backend gpu --suite training --case resnet18 --batch $images --allow winograd
bench all 5 "${peer[@]}"
bench layers 3 --backend gpu --suite layers --case ' 32×32| resnet18' "${peer[@]}"

[ -z "$watcher" ] || kill "$watcher" 2>/dev/null
watcher=
results=()
for name in targets training cpu ladder hsic tf32 half halftraining winogradtraining all layers; do
	[ -s "$work/logs/$name.json" ] && results+=("$work/logs/$name.json")
done
if [ ${#results[@]} -gt 0 ] && page=$("$hebb" report "${results[@]}" --info "$work/logs/info.json" \
	--commands "$work/logs/commands.txt" ${out:+--out "$out"}); then
	rm -rf "$page/logs"
	mv "$work/logs" "$page/logs" && rmdir "$work"
	echo "the page: $page/README.md, in $SECONDS s"
else
	failed+=(report)
	echo "no page; the logs: $work/logs"
fi
if [ ${#failed[@]} -gt 0 ]; then
	echo "FAILED: ${failed[*]}"
	exit 1
fi
