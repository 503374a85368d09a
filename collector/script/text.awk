#: What is no property list in XML: the old form with braces, and the sentences that tools print in place of an
#: answer. As plist.awk it keeps what the rules name, and was written for the same.
#:
#: Given: the file of the rules; "kind", profiles, deferral or enrollment; "path_file", where the path of a recovery
#: key file goes, to be looked at.
#: Exit: 0 written (or nothing to write), 1 withheld, 2 withheld from somebody who is not root, 3 the text begins as
#: XML does.
# Old-style property lists and known sentences; see docs/evidence.md.
BEGIN {
  while ((getline line < rules) > 0) if (split(line, part, "\t") == 3) R[part[1], part[2]] = part[3]
  close(rules)
  PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$/:.-"
}
{ s = s (NR > 1 ? "\n" : "") $0 }

# @utf8.awk@

function space() { while (index(" \t\r\n", c = substr(s, at, 1)) > 0 && c != "") at++ }
# Reads a value; K is its kind (s text, d data, a array, o dictionary, n null), RAW a text as it stands.
function value(depth,    count, raws) {
  if (depth > 64) return 0
  c = substr(s, at, 1)
  if (c == "{") {
    if (substr(s, at, 40) ~ /^[{][ \t\r\n]*length/ && match(substr(s, at), /^[{][ \t\r\n]*length[ \t\r\n]*=[ \t\r\n]*[0-9]+[ \t\r\n]*,[ \t\r\n]*bytes[ \t\r\n]*=[ \t\r\n]*0x[0-9A-Fa-f. \t\r\n]*[}]/)) {
      at += RLENGTH
      K = "d"
      return 1
    }
    if (!dict(depth, 0)) return 0
    K = "o"
    return 1
  }
  if (c == "(") {
    if (substr(s, at, 6) == "(null)") { at += 6; K = "n"; return 1 }
    at++
    space()
    count = 0; raws = ""
    while (substr(s, at, 1) != ")") {
      if (count++ > 0) { if (substr(s, at, 1) != ",") return 0; at++; space() }
      if (!value(depth + 1)) return 0
      # What is no text is withheld alone.
      raws = raws (count > 1 ? ", " : "") (K == "s" ? RAW : "{}")
      space()
    }
    at++
    K = "a"; RAW = "(" raws ")"
    return 1
  }
  if (c == "<") {
    at++
    while (index("0123456789abcdefABCDEF \t\r\n", c = substr(s, at, 1)) > 0 && c != "") at++
    if (c != ">") return 0
    at++
    K = "d"
    return 1
  }
  return text()
}
function text(    start) {
  start = at
  if (substr(s, at, 1) == "\"") {
    for (at++; (c = substr(s, at, 1)) != "\""; at++) {
      if (c == "") return 0
      if (c == "\\") at++
    }
    at++
  } else while (index(PLAIN, c = substr(s, at, 1)) > 0 && c != "") at++
  if (at == start) return 0
  K = "s"; RAW = substr(s, start, at - start)
  return 1
}
function dict(depth, is_top,    key) {
  at++
  space()
  while (substr(s, at, 1) != "}") {
    if (!text()) return 0
    key = RAW
    if (key ~ /^".*"$/) key = substr(key, 2, length(key) - 2)
    space()
    if (substr(s, at, 1) != "=") return 0
    at++
    space()
    if (!value(depth + 1)) return 0
    if (is_top && (kind, key) in R) out = out "    " key " = " kept(R[kind, key]) ";\n"
    # A path that is there twice and differs is none.
    if (is_top && key == "OutputPath" && output_path == "") output_path = K == "s" ? RAW : "?"
    else if (is_top && key == "OutputPath" && (K != "s" || RAW != output_path)) output_path = "?"
    space()
    if (substr(s, at, 1) != ";") return 0
    at++
    space()
  }
  at++
  return 1
}
# The value as it stands where it is of its key's kind, else one that no parser takes.
function kept(rule) {
  if (rule == "texts") return K == "a" ? RAW : "wrong"
  if (K != "s") return "()"
  if (rule == "text") return RAW
  if (rule == "flag") return RAW ~ /^"?[01]"?$/ ? RAW : "()"
  if (rule == "integer") return RAW ~ /^"?-?[0-9]+"?$/ && length(RAW) < 19 ? RAW : "()"
  return "()"
}
# Whether a line is one that the frameworks below a tool log into its output.
function is_log(l) {
  gsub(/^[ \t\r]+/, "", l)
  return l ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9:.][0-9:.][0-9:.][0-9:.][0-9:.][0-9:.][0-9:.][0-9:.]/ || l ~ /^(objc|dyld)\[[0-9]+\]:/ || l ~ /^[-+]\[[A-Za-z]/
}
function trimmed(l) { gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", l); return l }
# A text without the lines of a log before and after its own.
function own(t,    p, l) {
  while (t != "") {
    p = index(t, "\n")
    l = p > 0 ? substr(t, 1, p - 1) : t
    if (trimmed(l) != "" && !is_log(l)) break
    t = p > 0 ? substr(t, p + 1) : ""
  }
  while (t != "") {
    l = t
    if (match(l, /\n[^\n]*$/)) l = substr(l, RSTART + 1)
    if (trimmed(l) != "" && !is_log(l)) break
    t = substr(t, 1, length(t) - length(l) - (l == t ? 0 : 1))
  }
  return trimmed(t)
}
# What profiles says in words; 3 for a property list, which words before it do not deny.
function sentences(t,    l, p, none, of_user, others, lines) {
  none = ""; of_user = ""; lines = 0
  while (t != "") {
    p = index(t, "\n")
    l = p > 0 ? substr(t, 1, p - 1) : t
    t = p > 0 ? substr(t, p + 1) : ""
    if (l ~ /^[ \t]*<([?]xml|!DOCTYPE plist|plist)([^A-Za-z0-9_]|$)/) return none != "" || of_user != "" ? 1 : others ? 2 : 3
    if (trimmed(l) == "" || is_log(l)) continue
    if (!is_utf8(l)) l = "?"
    l = trimmed(l)
    if (says_root(l)) others = 1
    if (l ~ /^There are no configuration profiles installed( in the system domain| on this system)?$/) { if (none == "") none = l }
    else if (l ~ /^There are no configuration profiles installed for user '[^\r\n]*'$/) { if (of_user == "") of_user = l }
    W[++lines] = l
  }
  if (none == "") none = of_user
  if (none == "") return 0
  print none
  for (p = 1; p <= lines; p++) if (W[p] != none) { print "tokenquery: lines that are not known were withheld"; break }
  return -1
}
function says_root(t,    low) {
  low = tolower(substr(t, 1, 4096))
  sub(/\n[^\001]*$/, "", low)
  return low ~ /(^|[^a-z0-9_])(must|need|needs|require|requires|only)[^a-z0-9_].*root([^a-z0-9_]|$)/ || low ~ /(^|[^a-z0-9_])permission denied([^a-z0-9_]|$)/
}
END {
  if (s ~ /^\357\273\277/) s = substr(s, 4)
  # What is dropped must not take along what makes the whole of it unreadable.
  if (kind != "profiles" && !is_utf8(s)) exit 1
  t = own(s)
  if (trimmed(s) == "") exit 0
  if (t == "Must be running as root" || t == "profiles: this command requires root" || t == "profiles: this command requires root privileges") { print t; exit 0 }
  refusal = says_root(t) ? 2 : 1
  if (kind == "profiles") {
    p = sentences(s)
    exit p < 0 ? 0 : p > 0 ? p : refusal
  }
  if (kind == "deferral" && t ~ /^Not found[.][ \t\r]*(\n[ \t\r]*Not found[.][ \t\r]*)*$/) { print "Not found."; exit 0 }
  if (kind == "enrollment") {
    p = "Error fetching Device Enrollment configuration"
    q = ": (34006) Error Domain=MCCloudConfigurationErrorDomain Code=34006 \"The cloud configuration server is unavailable.\""
    if (t == p ": Client is not DEP enabled." || t == p ": (34000) Client is not DEP enabled." || t == p " - Request too soon. Try again later." || t == p " - Request too soon.  Try again later." || t == p ": The Internet connection appears to be offline.") { print t; exit 0 }
    if (index(t, p q) == 1) { print p q; exit 0 }
    h = "Device Enrollment configuration:"
    if (index(t, h) != 1) exit refusal
    t = own(substr(t, length(h) + 1))
    if (t == "(null)") { print h "\n(null)"; exit 0 }
    lead = h "\n"
  }
  if (substr(t, 1, 1) != "{") exit refusal
  s = t; at = 1; out = ""
  if (!dict(0, 1)) exit 1
  space()
  if (at <= length(s)) exit 1
  printf "%s{\n%s}\n", lead, out
  if (output_path != "" && path_file != "") {
    if (output_path ~ /^"/) output_path = substr(output_path, 2, length(output_path) - 2)
    # Another escape than these two is of no plain path.
    gsub(/\\"/, "\"", output_path)
    gsub(/\\\\/, "\001", output_path)
    if (index(output_path, "\\") == 0) {
      gsub(/\001/, "\\\\", output_path)
      if (output_path ~ /^\// && output_path !~ /[\001-\037\177]/ && output_path !~ /\302[\200-\237]/ && ("/" output_path "/") !~ /\/[.][.]\//) print output_path > path_file
    }
  }
}
