#!/usr/bin/env bash
# ranks.sh HEBB [KILLS]: checks hebb train and hebb hsic by several processes of MPI. HEBB was built with the tag mpi. Neither
# their number, nor the death of one by kill -9 at a random moment (KILLS of them, one unless said), nor an end by a signal (with
# more kills by SIGUSR1 too) changes a bit of what comes out.
cd "$(dirname "$0")/.." || exit
hebb=$1 kills=${2:-1}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# As root, on fewer cores than ranks, and with time to save between SIGTERM and SIGKILL: mpirun waits for it twice, whether a rank
# still lives or not.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_odls_base_sigkill_timeout=5

exec {nap}<> <(:) # says nothing, to wait for

train="$hebb train --backend cpu"
new="$train --net mlp:784-256-128-10,norm=batch --rule kp --data fashion-mnist --limit 2048 --test-limit 200 --batch 64 --micro 8
	--steps 120 --save-every 10 --log-every 10"
last=checkpoints/step-000000120

fail() {
	printf 'ranks.sh: %s\n' "$*"
	[ -e "$dir/out" ] && cat "$dir/out"
	exit 1
}

# on RANKS COMMAND…: under mpirun, in the background, as $mpirun.
on() {
	local n=$1
	shift
	mpirun -n "$n" "$@" >"$dir/out" 2>&1 &
	mpirun=$!
}

# same RUN WHAT: the files of a run are those of one process.
same() {
	local f
	for f in model state; do
		cmp "$dir/1/$last/$f.safetensors" "$1/$last/$f.safetensors" || fail "$2: other bits"
	done
}

# strike SIGNAL RUN FROM: sends the signal to a random rank of $mpirun, up to 0.1 s after a random one of the checkpoints from
# the FROM-th to the ninth of twelve.
strike() {
	local ranks steps after=$((10 * ($3 + RANDOM % (10 - $3)))) saved=-1
	while [ $saved -lt $after ] && kill -0 $mpirun 2>/dev/null; do
		read -rt 0.02 -u "$nap" # a sleep that is no program
		[ -e "$2/config.toml" ] && saved=0
		steps=("$2"/checkpoints/step-?????????)
		[ -e "${steps[-1]}" ] && saved=$((10#${steps[-1]##*-}))
	done
	sleep 0.0$((RANDOM % 10))
	ranks=($(pgrep -P $mpirun))
	[ ${#ranks[@]} -gt 0 ] && kill "-$1" "${ranks[RANDOM % ${#ranks[@]}]}" 2>/dev/null
}

# struck SIGNAL RANKS RUN FROM OPTION…: begins a run on so many ranks and strikes it; $status is what mpirun ended with. A run
# that was over by then does not count.
struck() {
	local signal=$1 n=$2 run=$3 from=$4 tries
	shift 4
	for tries in 1 2 3 4 5; do
		on "$n" $new --out "$run" "$@"
		strike "$signal" "$run" "$from"
		wait $mpirun
		status=$?
		[ $status != 0 ] && return
		rm -r "$run"
	done
	fail "SIG$signal always came too late, or mpirun ends well after it"
}

# again RUN RANKS WHAT: makes a run to its end on so many ranks, from where it is, and compares.
again() {
	local go="--resume $1"
	[ -e "$1/config.toml" ] || go="${new#"$train"} --out $1" # it was killed before it began
	on "$2" $train $go
	wait $mpirun || fail "$3, then on $2 ranks"
	same "$1" "$3, then on $2 ranks"
	rm -r "$1"
}

$new --out "$dir/1" >"$dir/out" 2>&1 || fail 'one process'
for n in 2 3 4; do
	on $n $new --out "$dir/$n"
	wait $mpirun || fail "$n ranks"
	same "$dir/$n" "$n ranks"
done
echo '1, 2, 3 and 4 ranks: the same bits'

# array FILE ROWS COLUMNS: random bytes as NumPy saves them.
array() {
	printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': ($2, $3), }" >"$1"
	head -c $(($2 * $3)) /dev/urandom >>"$1"
}

array "$dir/a.npy" 3000 16
array "$dir/b.npy" 3000 5
for n in 1 2 3 4; do
	on $n $hebb hsic "$dir/a.npy" "$dir/b.npy" --backend cpu --sigma median --kernel-b cosine --permutations 2 --format json
	wait $mpirun || fail "hebb hsic on $n ranks"
	sed -n '/"widths"/,/"seed"/p' "$dir/out" >"$dir/hsic-$n"
	grep -q linear_cka "$dir/hsic-$n" && cmp "$dir/hsic-1" "$dir/hsic-$n" || fail "hebb hsic on $n ranks: other bits"
done
echo 'hebb hsic on 1, 2, 3 and 4 ranks: the same bits'

for ((k = 1; k <= kills; k++)); do
	n=$((2 + RANDOM % 3)) then=$((1 + RANDOM % 4))
	[ $then = $n ] && then=$((n % 4 + 1))
	struck KILL $n "$dir/killed" 0
	saved=$(ls "$dir/killed/checkpoints" 2>/dev/null | tail -n 1)
	again "$dir/killed" $then "kill -9 of a rank of $n"
	echo "kill -9 of a rank of $n, ${saved:-nothing} saved, then on $then: the same bits"
done

struck STOP 3 "$dir/stopped" 1 --rank-timeout 2s
grep -q "^hebb: rank [0-2] on .*step [0-9]*: rank [0-2] on .* did not answer within 2s" "$dir/out" || fail 'SIGSTOP: no rank and step are named'
grep -m1 '^hebb: rank' "$dir/out"
again "$dir/stopped" 2 'SIGSTOP of a rank of 3'

signals=TERM
[ $kills -gt 1 ] && signals='TERM USR1'
for signal in $signals; do
	struck $signal 3 "$dir/ended" 1
	[ $status = $((128 + $(kill -l $signal))) ] || fail "SIG$signal: another status"
	[ "$(grep -c '^hebb: stopped after step [0-9]* of 120: .*, to rank [0-2] on ' "$dir/out")" = 1 ] || fail "SIG$signal: it is not said once"
	step=$(sed -n 's/^hebb: stopped after step \([0-9]*\) .*/\1/p' "$dir/out")
	[ -e "$dir/ended/checkpoints/step-$(printf %09d "$step")" ] || fail "SIG$signal: step $step was not saved"
	grep -m1 '^hebb: stopped' "$dir/out"
	again "$dir/ended" 4 "SIG$signal to a rank of 3"
done

mpirun -n 2 $new --out "$dir/other" : -n 1 $new --out "$dir/other" --seed 2 >"$dir/out" 2>&1 && fail 'another seed: mpirun ended well'
[ "$(grep -c '^hebb: rank 2 on .* has another --seed than rank 0 on .*: 2, and there 1' "$dir/out")" = 1 ] || fail 'another seed is not named'
[ -e "$dir/other" ] && fail 'another seed: a folder was left'
grep '^hebb:' "$dir/out"

mpirun -n 3 "$hebb" hsic --no-such >"$dir/out" 2>&1
[ $? = 2 ] && [ "$(grep -c '^hebb: unknown flag: --no-such' "$dir/out")" = 1 ] || fail 'a wrong flag is not said once, with status 2'
