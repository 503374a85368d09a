#: Property lists in XML: keeps of them what the rules name, as the sanitizers of the parsers do, and writes nothing
#: else. Written for an old awk without intervals, for bytes in place of characters (LC_ALL=C), and for files of a
#: stranger's making. The line of a mark, such as that of utf8.awk, is replaced by the file.
#:
#: Given: the file of the rules, "mode", and what a mode needs:
#:   allow: a dictionary, the keys of "set" alone           records: an array of dictionaries, the same
#:   profiles: what "profiles show" prints                  accounts, root, devices, uuid: what the script goes on with
#: Exit: 0 written, 1 not such a property list, 4 nothing was there to drop (records).
#:
#: T and X are the tags and texts of the document, as they are after whole(); R are the rules.
# Property lists in XML; see docs/evidence.md.
BEGIN {
  while ((getline line < rules) > 0) {
    if (split(line, part, "\t") == 3) { R[part[1], part[2]] = part[3]; S[part[1]] = 1 }
  }
  close(rules)
  RS = "<"
  n = 0; m = 0; dropped = 0; odd = 0; buffering = 0; buffer = ""
}
# What follows each "<" is a tag and the text after it.
NR == 1 { before = $0; if (before ~ /^\357\273\277/) before = substr(before, 4); next }
{ m++; Q[m] = $0 }

# @utf8.awk@

# @plist_read.awk@

# @plist_keep.awk@

# @plist_decide.awk@

END {
  # Some diskutil ends after the dictionary.
  if ((mode == "devices" || mode == "root") && m > 0 && Q[m] ~ /^\/dict>[ \t\r\n]*$/) Q[++m] = "/plist>"
  if (!document() || !whole(1, n)) exit 1
  if (mode == "records") { records(2); exit dropped ? 0 : 4 }
  if (mode == "profiles") exit profiles(2) ? 0 : 1
  if (mode == "accounts") { accounts(2); exit 0 }
  if (mode == "root") { root_volume(2); exit 0 }
  if (mode == "devices") { devices(2); exit 0 }
  if (mode == "uuid") {
    for (i = 3; T[2] == "array" && T[i] != "/array"; i = skip(i)) if (T[i] ~ /^dict[!\/]?$/) { id = uuid_of(i, "IOPlatformUUID"); seen[id] = 1 }
    for (i in seen) if (i != id) id = ""
    if (id != "") print id
    exit 0
  }
  if (T[2] != "dict" && T[2] != "dict/") exit 1
  head()
  dict(2, set, "", "")
  emit("</plist>\n")
}
