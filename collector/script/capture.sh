#!/bin/sh
#: The collector for Macs without this program, as "tokenquery capture --script" prints it.
#:
#: How the printed script is made. Lines that begin as this one are for the reader of this file, and are left out. A
#: word between two @ is a mark. The mark of a file is replaced by that file, which stands beside this one. The others
#: are filled in by script.ts, from the allow-lists in ../sources.ts and ../parsers. Nothing else is changed:
#:     tokenquery capture --script | diff collector/script/capture.sh -
#: shows these lines and marks, and what takes their place. "npm run generate" embeds the files in the program, and a
#: test compares both.
#:
#: How to read it, from what it does on the Mac to what leaves the Mac:
#: 1. What is asked: the lines "ask", "keep" and "look" below "started=", and in the loops there. "ask" runs a command
#:    with the words of its line, "keep" reads a file with the help of plutil, "look" looks at a path. The first two
#:    do so by "launch", and nothing else does; what the script needs itself is listed below.
#: 2. What is kept: an output goes through "reduce", a file through "keep". Where one can hold more than may be kept, they
#:    keep what the rules allow, by plist.awk and text.awk, and of what those cannot read the size alone. Then "redact"
#:    takes out what looks like a recovery key, from the errors that a tool prints too.
#: 3. What is written: files below the folder that mktemp made (work), and OUT.tar.gz (out), by way of a file beside it
#:    (part). Search for ">", "mv", "cp", "ln" and "rm".
# Written by @tool@, "tokenquery capture --script"; not to be edited.
#
# usage: sh tokenquery-capture.sh OUT.tar.gz
#
# Writes what this Mac answers to an evidence bundle that tokenquery reads on any computer; best run as root.
# It only reads: the commands below are run with exactly these words, the files below are read, the paths
# below are looked at, and OUT.tar.gz is all that it leaves. It asks for no password and contacts no server;
# @not_asked@ are left out, for they may.
# @without_rules@
#
# Its own tools, and why they only read: awk, sed, grep, tr and wc read the files that they are given; stat looks at
# a path; plutil converts to standard output (-o -) what it reads; id, date and ps print. mktemp, mkdir, cp, mv,
# tar, gzip, shasum, ln and rm work in the folder that mktemp made, and on OUT.tar.gz. kill ends what this
# script started and what took too long.

if [ -n "$ZSH_VERSION" ]; then emulate sh; fi
here=$(pwd)
PATH=/usr/bin:/bin:/usr/sbin:/sbin
LC_ALL=C
TZ=UTC
# Without it, tar of macOS adds files of its own.
COPYFILE_DISABLE=1
export PATH LC_ALL TZ COPYFILE_DISABLE
unset ENV BASH_ENV CDPATH GZIP TAR_OPTIONS
umask 077
set -f

fail() { # WHAT [HINT]
  printf 'tokenquery: error: %s\n' "$1" >&2
  if [ -n "$2" ]; then printf 'tokenquery: hint: %s\n' "$2" >&2; fi
  exit 1
}
note() { printf 'tokenquery: note: %s\n' "$1" >&2; }

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  printf 'usage: sh tokenquery-capture.sh OUT.tar.gz\n' >&2
  exit 2
fi
case $1 in
  *.tar.gz | *.tgz) ;;
  *)
    printf 'tokenquery: error: the name of the bundle must end in .tar.gz\n' >&2
    exit 2
    ;;
esac
case $1 in
  /*) out=$1 ;;
  *) out=$here/$1 ;;
esac
# For tests: a folder that stands for /.
root=
if [ $# -eq 2 ]; then
  case $2 in
    *=*) fail "no folder for tests: $2" ;;
    /*) root=$2 ;;
    *) root=$here/$2 ;;
  esac
  if [ ! -d "$root" ]; then fail "no such folder: $2"; fi
fi
if [ -e "$out" ] || [ -L "$out" ]; then fail "$1 exists already" 'name a new path: evidence is never overwritten'; fi
cd / || exit 1

work=
part=
child=
busy=
# shellcheck disable=SC2329
clean_up() {
  trap '' HUP INT TERM
  if [ -n "$busy" ]; then
    # The last process may be the child itself: a signal can come before its id is kept.
    # shellcheck disable=SC2046
    kill -s KILL $(family "$!") 2>/dev/null
    if [ -n "$child" ]; then
      # shellcheck disable=SC2046
      kill -s KILL $(family "$child") 2>/dev/null
    fi
  fi
  if [ -n "$part" ]; then rm -f "$part"; fi
  if [ -n "$work" ]; then rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "$TMPDIR" ]; then TMPDIR=/tmp; fi
work=$(mktemp -d "$TMPDIR/tokenquery.XXXXXX") || fail 'no folder for temporary files could be made' 'set TMPDIR to a folder that may be written'
part=$(mktemp "$(dirname "$out")/.tokenquery-XXXXXX" 2>/dev/null) || fail "$1 cannot be written" 'name a path in a folder that exists and may be written'
bundle=$work/tokenquery-evidence
mkdir "$bundle" "$bundle/commands" || fail 'the bundle cannot be made'

cat > "$work/plist.awk" << 'END_OF_AWK' || fail 'there is no room for temporary files'
@plist.awk@
END_OF_AWK
cat > "$work/text.awk" << 'END_OF_AWK' || fail 'there is no room for temporary files'
@text.awk@
END_OF_AWK
# Of each output and file that can hold more, the keys that may be kept.
cat > "$work/rules" << 'END_OF_RULES' || fail 'there is no room for temporary files'
@rules@
END_OF_RULES

# The awk of macOS takes a NUL for the end of a text, and what follows it would be lost unseen: in its place stands
# another byte that is none of a text.
reducing() { # PROGRAM [-v NAME=VALUE]... FILE
  reducing_program=$1
  shift
  for reducing_file in "$@"; do :; done
  if [ "$(($(tr -d '\000' < "$reducing_file" | wc -c)))" -ne "$(($(wc -c < "$reducing_file")))" ]; then
    if ! tr '\000' '\377' < "$reducing_file" > "$work/no_nul"; then return 1; fi
    mv -f "$work/no_nul" "$reducing_file"
  fi
  awk -v rules="$work/rules" -f "$work/$reducing_program" "$@"
}
plist() { reducing plist.awk "$@"; }
text() { reducing text.awk "$@"; }

# A process and all that it started, as far as ps tells.
family() { # PID
  ps -A -o pid= -o ppid= 2>/dev/null | awk -v top="$1" '
    { parent[$1] = $2 }
    END {
      print top
      mine[top] = 1
      for (found = 1; found; ) {
        found = 0
        for (pid in parent) if (!(pid in mine) && (parent[pid] in mine)) { mine[pid] = 1; found = 1; print pid }
      }
    }'
}

# Ends a process that takes too long. Runs in the background, beside it, and ends by itself within a second of
# the process: a signal to it could come while its shell still has the traps of this one.
watch() { # SECONDS PID
  watch_left=$1
  while [ "$watch_left" -gt 0 ]; do
    sleep 1
    if [ ! -e "$work/running.$2" ]; then return; fi
    watch_left=$((watch_left - 1))
  done
  : > "$work/late"
  late=$(family "$2")
  # shellcheck disable=SC2086
  kill -s TERM $late 2>/dev/null
  sleep 2
  # shellcheck disable=SC2086
  kill -s KILL $late 2>/dev/null
}

# Runs a program to its end: what it printed is in out and err, how it ended in code.
launch() { # SECONDS PROGRAM [ARGUMENT]...
  launch_seconds=$1
  shift
  rm -f "$work/late"
  if ! { : > "$work/out" && : > "$work/err"; }; then fail 'there is no room for temporary files'; fi
  if [ ! -e "$root$1" ]; then
    code=missing
    return
  elif [ ! -x "$root$1" ] || [ -d "$root$1" ]; then
    code=denied
    return
  fi
  launch_program=$root$1
  shift
  busy=yes
  (
    # 64 MiB: what prints more is ended.
    ulimit -f 131072
    exec env -i LC_ALL=C TZ=UTC "$launch_program" "$@" < /dev/null > "$work/out" 2> "$work/err"
  ) &
  child=$!
  : > "$work/running.$child"
  watch "$launch_seconds" "$child" < /dev/null > /dev/null 2>&1 &
  wait "$child" 2>/dev/null
  code=$?
  rm -f "$work/running.$child"
  child=
  busy=
  if [ -e "$work/late" ]; then
    code=timeout
  elif [ $(($(wc -c < "$work/out") + $(wc -c < "$work/err"))) -ge 67108864 ]; then
    code=output_too_large
  elif [ "$code" -gt 128 ] && [ "$code" -lt 160 ]; then
    # A shell cannot tell a signal from such an exit code; no tool below has one.
    code=signal:SIG$(kill -l $((code - 128)))
  fi
  case $code in
    timeout | output_too_large)
      : > "$work/out"
      : > "$work/err"
      ;;
  esac
}

# What has the form of a personal recovery key goes no further, wherever it stands.
redact() { # FILE
  if [ ! -s "$1" ]; then return; fi
  if grep -Eq '(^|[^A-Za-z0-9-])([A-Z0-9]{4}-){5}[A-Z0-9]{4}($|[^A-Za-z0-9-])' "$1"; then
    sed -E -e ':a' -e 's/(^|[^A-Za-z0-9-])([A-Z0-9]{4}-){5}[A-Z0-9]{4}($|[^A-Za-z0-9-])/\1[redacted]\3/' -e 'ta' "$1" > "$work/redacted" || : > "$work/redacted"
    mv -f "$work/redacted" "$1"
  fi
}
withheld() { # FILE WHAT: one line in place of its content
  printf 'tokenquery: %s bytes that are not %s were withheld\n' "$(($(wc -c < "$1")))" "$2"
}

# Keeps of an output what may be kept, before it is written to the bundle: from out to kept.
reduce() { # SOURCE HOW
  : > "$work/kept"
  if [ "$2" = whole ]; then
    mv -f "$work/out" "$work/kept"
    return
  fi
  # Half an answer could hold anything.
  case $code in
    *[!0-9]*) return ;;
  esac
  if [ ! -s "$work/out" ]; then return; fi
  if [ "$2" = records ]; then
    plist -v mode=records -v set="$1" "$work/out" > "$work/kept" 2>/dev/null
    case $? in
      0) ;;
      4) mv -f "$work/out" "$work/kept" ;;
      *) withheld "$work/out" 'a property list' > "$work/kept" ;;
    esac
    return
  fi
  case $2 in
    profiles) reduce_what='an answer of profiles show -type configuration' ;;
    deferral) reduce_what='an answer of fdesetup showdeferralinfo' ;;
    *) reduce_what='an answer of profiles show -type enrollment -cached' ;;
  esac
  if [ "$(head -c 1 "$work/out")" = '<' ]; then
    reduce_status=3
  elif [ "$(($(wc -c < "$work/out")))" -gt 1048576 ]; then
    if [ "$2" = profiles ]; then reduce_status=3; else reduce_status=1; fi
  else
    text -v kind="$2" -v path_file="$work/output_path" "$work/out" > "$work/kept" 2>/dev/null
    reduce_status=$?
  fi
  if [ "$reduce_status" = 3 ] && [ "$2" = profiles ]; then
    plist -v mode=profiles "$work/out" > "$work/kept" 2>/dev/null
    reduce_status=$?
  fi
  case $reduce_status in
    0) ;;
    2) withheld "$work/out" "$reduce_what (the tool requires root)" > "$work/kept" ;;
    *) withheld "$work/out" "$reduce_what" > "$work/kept" ;;
  esac
}

: > "$work/asked"
count=0
ask() { # SOURCE SECONDS HOW PROGRAM [ARGUMENT]...
  ask_source=$1
  ask_seconds=$2
  ask_how=$3
  shift 3
  # What is named twice, such as an account with two records, is asked once.
  if grep -Fqx -e "$*" "$work/asked"; then return; fi
  printf '%s\n' "$*" >> "$work/asked" || fail 'there is no room for temporary files'
  count=$((count + 1))
  at=$bundle/commands/$(printf '%03d' "$count")
  if ! { mkdir "$at" && printf '%s\n' "$@" > "$at/argv" && date +%s > "$at/started_time"; }; then
    fail 'there is no room for the bundle'
  fi
  launch "$ask_seconds" "$@"
  case $code in
    missing | denied) rm -f "$at/started_time" ;;
  esac
  reduce "$ask_source" "$ask_how"
  redact "$work/kept"
  redact "$work/err"
  printf '%s\n' "$code" > "$at/exit_code" || fail 'there is no room for the bundle'
  if [ -s "$work/kept" ]; then cp "$work/kept" "$at/stdout" || fail 'there is no room for the bundle'; fi
  if [ -s "$work/err" ]; then cp "$work/err" "$at/stderr" || fail 'there is no room for the bundle'; fi
  case $ask_source.$code in
    # A version is believed however sw_vers ended.
    *.0 | sw_vers.[0-9]*) mv -f "$work/kept" "$work/answer.$ask_source" ;;
  esac
}

# BSD and GNU name the same facts differently.
case $(stat -f %p / 2>/dev/null) in
  '' | *[!0-7]*) stat_form=gnu ;;
  *) stat_form=bsd ;;
esac
facts() { # PATH [-L]
  # shellcheck disable=SC2086
  if [ "$stat_form" = bsd ]; then
    stat $2 -f '%p %u %z %m' "$1"
  else
    stat $2 -c '%a %u %s %Y %F' "$1"
  fi
}
tell() { printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >> "$bundle/stat.tsv" || fail 'there is no room for the bundle'; }
# Why a path could not be looked at: only what is proven absent is missing.
absence() {
  case $(cat "$work/look") in
    *'No such file'* | *'Not a directory'*) printf missing ;;
    *) printf denied ;;
  esac
}
look() { # PATH: its existence, mode, owner, size and time; it is never opened
  if ! look_facts=$(facts "$root$1" '' 2> "$work/look"); then
    tell "$1" "$(absence)" - - - -
    return
  fi
  read -r look_mode look_uid look_size look_time look_kind << END_OF_FACTS
$look_facts
END_OF_FACTS
  if [ "$stat_form" = bsd ]; then
    # The type of the file stands before the four digits of its mode.
    case $((look_mode / 10000)) in
      4) look_kind=directory ;;
      10) look_kind='regular file' ;;
    esac
    look_mode=$((look_mode % 10000))
  fi
  case $look_kind in
    regular*) ;;
    *) look_size=0 ;;
  esac
  case $look_kind in
    directory) look_kind='dir' ;;
    *) look_kind='file' ;;
  esac
  tell "$1" "$look_kind" "$(printf '%04d' "$look_mode")" "$look_uid" "$look_size" "$look_time"
}

keep() { # SOURCE PATH: of a preference file, the keys that may be kept
  if ! facts "$root$2" -L > "$work/look" 2>&1; then
    tell "$2" "$(absence)" - - - -
    return
  fi
  keep_at=$bundle/files$2
  : > "$work/raw"
  : > "$work/kept"
  # A preference file has some kilobytes; a giant, a pipe or a device is not one.
  if [ -f "$root$2" ]; then
    if ! keep_size=$( (wc -c < "$root$2") 2>/dev/null); then
      tell "$2" denied - - - -
      return
    fi
    if [ "$((keep_size))" -le 67108864 ]; then
      if ! cat "$root$2" > "$work/raw" 2>/dev/null; then
        tell "$2" denied - - - -
        return
      fi
    fi
  fi
  keep_status=1
  if [ -s "$work/raw" ]; then
    # With -o - it prints what it read, and writes nothing.
    launch 15 /usr/bin/plutil -convert xml1 -o - -- "$root$2"
    case $code in
      0) ;;
      missing)
        if [ "$(head -c 1 "$work/raw")" != '<' ]; then
          note "$2 is left out: there is no plutil to read it"
          return
        fi
        cp "$work/raw" "$work/out"
        ;;
      *) : > "$work/out" ;;
    esac
    plist -v mode=allow -v set="$1" "$work/out" > "$work/kept" 2>/dev/null
    keep_status=$?
  fi
  if [ "$keep_status" != 0 ]; then withheld "$work/raw" 'a known property list' > "$work/kept"; fi
  redact "$work/kept"
  if ! { mkdir -p "$(dirname "$keep_at")" && cp "$work/kept" "$keep_at"; }; then
    fail 'there is no room for the bundle'
  fi
}

started=$(date +%s)
euid=$(id -u)

ask @sources@

# The Data volume of the running system, or the startup volume where diskutil does not tell which it is; none where
# the startup volume is not on APFS.
printf -- '- - - - -\n' > "$work/root"
if [ -s "$work/answer.diskutil_info_root" ]; then
  plist -v mode=root "$work/answer.diskutil_info_root" > "$work/kept" 2>/dev/null && cp "$work/kept" "$work/root"
fi
read -r root_device root_container root_group root_uuid root_fs < "$work/root"
if [ ! -s "$work/answer.diskutil_apfs_list" ] || ! plist -v mode=devices -v device="$root_device" -v container="$root_container" -v group="$root_group" -v uuid="$root_uuid" -v fs="$root_fs" "$work/answer.diskutil_apfs_list" > "$work/devices" 2>/dev/null; then
  if [ "$root_fs" = hfs ]; then : > "$work/devices"; else printf '/\n' > "$work/devices"; fi
fi
while IFS= read -r name; do
  ask @sources_of_a_volume@ "$name"
done < "$work/devices"

# The accounts that can log in; a name that a tool could take for an option or a path is never put on an argv.
: > "$work/names"
: > "$work/homes"
if [ -s "$work/answer.ds_users" ]; then
  plist -v mode=accounts -v names="$work/names" -v homes="$work/homes" "$work/answer.ds_users" 2>/dev/null
fi
# Before macOS 10.14 sysadminctl may ask for an administrator: it is then left alone.
version=0
if [ -s "$work/answer.sw_vers" ]; then
  version=$(awk '
    NR == 1 && /^\357\273\277/ { $0 = substr($0, 4) }
    /^ProductVersion:/ {
      sub(/^ProductVersion:[ \t]*/, "")
      sub(/[ \t\r]*$/, "")
      if (said != "" && said != $0) said = "?"
      else said = $0
    }
    END {
      if (said ~ /^[0-9]+([.][0-9]+)?([.][0-9]+)?$/) {
        split(said, n, ".")
        if (length(n[1]) < 4 && length(n[2]) < 3 && length(n[3]) < 3) print n[1] * 10000 + n[2] * 100 + n[3]
      }
    }' "$work/answer.sw_vers")
fi
while IFS= read -r name; do
  if [ -n "$version" ] && [ "$version" -ge 101400 ]; then
    ask @sources_of_an_account@ "$name"
  fi
  case $name in
    . | ..) ;;
    *)
      keep @files_of_an_account@ "$name"
      ;;
  esac
done < "$work/names"

keep @files@

look @paths@
# A path that a source names: none below which a look can ask a server.
look_near() { # PATH
  case $(printf '%s/\n' "$1" | tr '[:upper:]' '[:lower:]' | sed -e 's#/\([.]\{0,1\}/\)*#/#g' -e 's#^/system/volumes/data/#/#') in
    '' | @network_folders@) ;;
    *) look "$1" ;;
  esac
}
while IFS= read -r name; do
  look_near "$name"
done < "$work/homes"
if [ -s "$work/output_path" ]; then
  IFS= read -r name < "$work/output_path"
  look_near "$name"
fi

uuid=
if [ -s "$work/answer.ioreg_platform" ]; then
  uuid=$(plist -v mode=uuid "$work/answer.ioreg_platform" 2>/dev/null)
  if [ -n "$uuid" ]; then uuid="\"host_id\":\"$uuid\","; fi
fi
printf '{"format":"tokenquery-evidence","version":1,"origin":"recorded","captured_time":%s,"euid":%s,%s"tool":"%s (script)","allow_list":"@allow_list@"}\n' "$started" "$euid" "$uuid" @tool_as_a_word@ > "$bundle/evidence.json" || fail 'there is no room for the bundle'

# Without a tool for them, a bundle may lack its sums.
if command -v shasum > /dev/null 2>&1; then
  sums='shasum -a 256'
elif command -v sha256sum > /dev/null 2>&1; then
  sums=sha256sum
else
  sums=:
fi
cd "$bundle" || exit 1
# shellcheck disable=SC2086
find . -type f ! -path '*\\*' -exec $sums {} + > "$work/sums"
# A name with a backslash would be printed in another form.
find . -type f -path '*\\*' > "$work/list"
while IFS= read -r name; do
  printf '%s  %s\n' "$($sums < "$name" | awk '{ print $1 }')" "$name" >> "$work/sums"
done < "$work/list"
if [ -s "$work/sums" ]; then cp "$work/sums" SHA256SUMS || fail 'there is no room for the bundle'; fi
files=$(($(find . -type f | wc -l)))
cd / || exit 1

tar -cf "$work/bundle.tar" -C "$work" tokenquery-evidence || fail 'the bundle could not be packed' 'is the disk full?'
gzip -9 < "$work/bundle.tar" > "$part" || fail "$1 cannot be written" 'is the disk full?'
# A link to the finished file appears at once, and never over another; some disks know no links.
if ! ln "$part" "$out" 2>/dev/null; then
  if [ -e "$out" ] || [ -L "$out" ]; then fail "$1 exists already" 'name a new path: evidence is never overwritten'; fi
  (
    set -C
    cat "$part" > "$out"
  ) || fail "$1 cannot be written"
fi
rm -f "$part"
part=
if [ "$euid" != 0 ]; then note 'captured without root: what root alone may see is recorded as refused'; fi
printf '%s: %s commands, %s files\n' "$1" "$count" "$files"
