#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `cs3sim sweep --submit slurm` on a real Slurm that this script starts: a controller and two nodes, all on this
# machine. A sweep of 2,000 points, in which a node is killed with all that runs on it and another task is
# requeued, and one of which a task hangs until its time limit, end with the bytes of -j2. Minutes: `make check-slurm`. TAP.
# shellcheck disable=SC2317 # check() calls
set -u
. "${BASH_SOURCE%/*}/tap.sh"

: "${CS3SIM:?the program to test}" "${CS3SIM_SRCDIR:?the source tree}"
export PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d) || exit 99
host=$(hostname -s)
export SLURM_CONF=$work/slurm.conf

stop() {
  local file
  for file in "$work"/slurmd-n?.pid "$work/slurmctld.pid" "$work/munged.pid"; do
    [[ ! -s $file ]] || kill "$(<"$file")" 2>/dev/null
  done
  sleep 1
  rm -rf "$work"
}

for program in slurmctld slurmd munged sbatch squeue scontrol; do
  command -v "$program" >/dev/null || { rm -rf "$work" && skip_all "$program is not installed (package slurm-wlm)"; }
done

# Ports of our own: those of a Slurm that is there, or of another run of this, are not met.
base=$((20000 + ($$ % 2000) * 10))
mkdir -p "$work"/{state,spool-n1,spool-n2,log}
chmod 755 "$work"
(umask 077 && head -c 1024 /dev/urandom >"$work/munge.key")
cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$base
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldLogFile=$work/log/slurmctld
SlurmdLogFile=$work/log/slurmd-%n
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SchedulerParameters=bf_interval=1,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
JobRequeue=1
KillWait=5
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + 1)) CPUs=1
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + 2)) CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
trap stop EXIT
munged --force --socket="$work/munge.socket" --key-file="$work/munge.key" --num-threads=2 \
  --log-file="$work/log/munged" --pid-file="$work/munged.pid" --seed-file="$work/munge.seed" &&
  slurmctld && slurmd -N n1 && slurmd -N n2 || { trap - EXIT && stop && skip_all "Slurm does not start here"; }
for ((i = 0; i < 30; i++)); do
  (($(sinfo --noheader --Node --states=idle | wc -l) == 2)) && break
  sleep 1
done
((i < 30)) || { trap - EXIT && stop && skip_all "the nodes of Slurm do not come up here"; }

model=$CS3SIM_SRCDIR/tests/data/tiny.json
points() {
  wc -l "$1".parts/*.jsonl 2>/dev/null | awk 'END { print $1 + 0 }'
}

# wait_for COMMAND...: at most 2 minutes.
wait_for() {
  local i
  for ((i = 0; i < 480; i++)); do
    "$@" && return 0
    sleep 0.25
  done
  echo "timed out: $*" && return 1
}

some_points() { (($(points "$1") >= $2)); }
running_on() { [[ -n $(squeue --noheader --states=running --nodelist="$1" --format=%i) ]]; }

# kill_node NAME: its daemon, its steps and what they run, at once and without a word, as a node dies.
kill_node() {
  local environ pid parent victims=()
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/} pid=${pid%/environ}
    grep -qzx "SLURMD_NODENAME=$1" "$environ" 2>/dev/null &&
      grep -qzx "SLURM_CONF=$SLURM_CONF" "$environ" 2>/dev/null || continue
    # The step is the parent of the task's script.
    parent=$(ps -o ppid= -p "$pid" | tr -d ' ')
    [[ $(ps -o comm= -p "${parent:-1}") != slurmstepd ]] || victims+=("$parent")
    victims+=("$pid")
  done
  ((${#victims[@]} > 0)) || { echo "nothing runs on $1" && return 1; }
  kill -KILL "$(<"$work/slurmd-$1.pid")" || return
  kill -KILL "${victims[@]}" 2>/dev/null
  return 0
}

is_down() { [[ $(sinfo --noheader --nodes="$1" --format=%t) == down* ]]; }

# disturb: what clusters do.
disturb() {
  wait_for some_points there.jsonl 150 && wait_for kill_node n2 && wait_for running_on n1 &&
    scontrol requeue "$(squeue --noheader --states=running --nodelist=n1 --format=%i | head -n 1)" &&
    wait_for is_down n2 && (($(points there.jsonl) < 2000)) && slurmd -N n2
}

sweep_with_a_death() {
  local job axes=(--sweep sparsity=0.05:0.95:0.1 --sweep seed=1:200:1)
  local plain=("$CS3SIM" sweep -q -m "$model" --seq 16 -b 2 --fidelity bound --brief "${axes[@]}")
  cd "$work" || return
  here_s=$SECONDS
  "${plain[@]}" -j 2 -O here.jsonl || return
  here_s=$((SECONDS - here_s))
  (($(wc -l <here.jsonl) == 2000)) || return
  there_s=$SECONDS
  "${plain[@]}" --submit slurm:tasks=20 -O there.jsonl &
  job=$!
  disturb || { kill "$job" && return 1; }
  wait "$job" || return
  there_s=$((SECONDS - there_s))
  cmp here.jsonl there.jsonl || return
  [[ ! -e there.jsonl.parts ]] || return
  grep -i requeu "$work/log/slurmctld"
}

# hang FILE: the task that writes the first part of FILE stops, as one does whose file system has gone away.
hang() {
  local pids
  mapfile -t pids < <(pgrep -f -- "--output=.*/$1.parts/1.jsonl")
  ((${#pids[@]} > 0)) && kill -STOP "${pids[@]}"
}

# Slurm, which looks every half minute, ends a task that hangs, and the next round goes on.
sweep_with_a_limit() {
  local job plain=("$CS3SIM" sweep -m "$model" --seq 16 -b 2 --fidelity bound --brief
    --sweep sparsity=0.05:0.95:0.1 --sweep seed=1:20:1)
  cd "$work" || return
  "${plain[@]}" -q -j 2 -O limit-here.jsonl || return
  "${plain[@]}" --submit slurm:tasks=1,time=1 -O limit.jsonl 2>notes &
  job=$!
  wait_for some_points limit.jsonl 20 && hang limit.jsonl || { kill "$job" && return 1; }
  wait "$job" || return
  cat notes
  cmp limit-here.jsonl limit.jsonl || return
  grep -i 'time limit' "$work/log/slurmctld" || return
  (($(grep -c ': job [0-9]*, tasks 1$' notes) == 2))
}

# A part that cannot be done says why, and nothing is waited for without end.
sweep_that_fails() {
  cd "$work" || return
  cp "$model" gone.json
  "$CS3SIM" sweep -q -m ./gone.json --seq 16 -b 2 --fidelity bound --sweep seed=1:4:1 \
    --submit slurm:tasks=2,begin=now+3 -O failed.jsonl 2>notes &
  local job=$!
  wait_for test -s failed.jsonl.parts/job && rm gone.json || return
  wait "$job" && return 1
  cat notes
  grep -q '2 of 2 tasks do not get further, with 0 of 4 points done; task 1: .*gone.json' notes
}

check "2,000 points, a node killed, a task requeued" sweep_with_a_death
echo "# -j 2: ${here_s:-?} s, with Slurm: ${there_s:-?} s"
check "tasks that fail" sweep_that_fails
begin=$SECONDS
check "a task that hangs and its time limit" sweep_with_a_limit
echo "# $((SECONDS - begin)) s"
finish
