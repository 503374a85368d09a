#: A part of plist.awk: what the script goes on with, that is whom and which volume it asks about next.
# The values of each attribute, by its standard key before its native one.
function attributes(i,    key, name) {
  split("", V)
  split("", standard)
  if (T[i] !~ /^dict!?$/) return
  for (i++; T[i] != "/dict"; i = skip(i + 2)) {
    key = X[i]
    if (!(("attribute", key) in R)) continue
    name = R["attribute", key]
    if (name in standard) continue
    if (key ~ /^dsAttrTypeStandard:/) standard[name] = 1
    V[name] = i + 2
  }
}
function text_at(i) { return T[i] == "string" ? plain(X[i]) : "" }
function first_of(name) {
  if (!(name in V)) return ""
  return T[V[name]] == "array" ? text_at(V[name] + 1) : text_at(V[name])
}
function has_value(name) {
  return (name in V) && T[T[V[name]] == "array" ? V[name] + 1 : V[name]] ~ /^string/
}
# Whether an attribute has but one value, as the parsers ask of some.
function is_one(name,    j, v) {
  if (T[V[name]] != "array") return 1
  v = first_of(name)
  for (j = V[name] + 1; T[j] != "/array"; j = skip(j)) if (T[j] !~ /^string/ || (T[j] == "string" ? plain(X[j]) : "") != v) return 0
  return 1
}
function is_control(s) { return s ~ /[\001-\037\177]/ || s ~ /\302[\200-\237]/ }
function is_disabled(    j, v, p, rest) {
  if (!("AuthenticationAuthority" in V)) return 0
  j = V["AuthenticationAuthority"]
  if (T[j] == "array") j++
  for (; T[j] != "/array" && T[j] != "key" && T[j] != "/dict"; j = skip(j)) {
    v = text_at(j)
    p = index(v, ";")
    if (p > 0) { rest = substr(v, p + 1); p = index(rest, ";"); v = p > 0 ? substr(rest, 1, p - 1) : rest }
    if (tolower(v) == "disableduser") return 1
  }
  return 0
}
# Names of the accounts that can log in and may stand on an argv, then their homes.
function accounts(i,    j, name, home, shell) {
  if (T[i] != "array") return
  for (j = i + 1; T[j] != "/array"; j = skip(j)) {
    attributes(j)
    if (is_disabled()) continue
    shell = first_of("UserShell")
    if (has_value("UserShell") && is_one("UserShell") && (shell == "" || ("no_shell", shell) in R)) continue
    name = first_of("RecordName")
    if (name in asked) name = ""
    if (name != "") asked[name] = 1
    if (name != "" && name !~ /^-/ && index(name, "/") == 0 && name != "interactive" && !is_control(name)) print name > names
    home = first_of("NFSHomeDirectory")
    if (home ~ /^\// && !is_control(home) && ("/" home "/") !~ /\/[.][.]\//) print home > homes
  }
}
function text_of(i, key,    j) { j = find(i, key); return j > 0 && T[j] == "string" ? plain(X[j]) : "" }
function uuid_of(i, key,    v) {
  v = toupper(text_of(i, key))
  if (length(v) != 36 || v !~ /^........-....-....-....-............$/) return ""
  return v ~ /^[0-9A-F]+-[0-9A-F]+-[0-9A-F]+-[0-9A-F]+-[0-9A-F]+$/ ? v : ""
}
function has_role(i, role,    j) {
  i = find(i, "Roles")
  if (i == 0 || T[i] != "array") return 0
  for (j = i + 1; T[j] != "/array"; j = skip(j)) if (X[j] == role) return 1
  return 0
}
# What diskutil says of the volume of "/": its device, container, group, UUID and file system, "-" for what it does not.
function root_volume(i,    device, container, fs) {
  device = text_of(i, "DeviceIdentifier")
  device = match(device, /^disk[0-9]+s[0-9]+/) ? substr(device, 1, RLENGTH) : ""
  container = text_of(i, "APFSContainerReference")
  if (container !~ /^disk[0-9]+$/) container = ""
  fs = tolower(text_of(i, "FilesystemType"))
  if (fs == "" && (find(i, "FilesystemType") == 0 || T[find(i, "FilesystemType")] ~ /^string/)) fs = tolower(text_of(i, "FilesystemName"))
  sub(/^.* /, "", fs)
  if (fs == "hfs+") fs = "hfs"
  if (fs != "apfs" && fs != "hfs") fs = ""
  # It contradicts itself: nothing of it is believed.
  if (fs == "hfs" && container != "") { print "- - - - -"; return }
  print or_none(device), or_none(container), or_none(uuid_of(i, "APFSVolumeGroupID")), or_none(uuid_of(i, "VolumeUUID")), or_none(fs)
}
# What a volume of the list says; of two with one device, what both say.
function volume(k, id, container,    group, is_data) {
  group = uuid_of(k, "APFSVolumeGroupID")
  if (group == "") group = uuid_of(k, "APFSVolumeGroupUUID")
  group = or_none(group)
  is_data = has_role(k, "Data")
  if (!(id in given)) {
    given_id[++n_given] = id
    of_data[id] = is_data; group_of[id] = group; container_of[id] = container
    return
  }
  if (!is_data) of_data[id] = 0
  if (group_of[id] != group) group_of[id] = "-"
  if (container_of[id] != container) container_of[id] = "-"
}
function or_none(v) { return v == "" ? "-" : v }
# The Data volume of the running system, "/" where it is not sure which it is, nothing where "/" is not on APFS: as
# tables/shared/crypto_users.ts has it. device, container, group, uuid and fs are what mode=root printed.
function devices(i,    j, k, m, is_sure, roles, volumes, id, reference, count, holds, own, own_group, own_system, n_data, n_group, only, mine) {
  volumes = find(i, "Containers")
  if (volumes == 0 && T[i] != "dict/" && T[i + 1] != "/dict") { if (fs != "hfs") print "/"; return }
  is_sure = !odd; count = 0; holds = 0; own = 0; own_group = "-"; own_system = 0
  for (j = volumes + 1; volumes > 0 && T[volumes] == "array" && T[j] != "/array"; j = skip(j)) {
    k = find(j, "Volumes")
    reference = text_of(j, "ContainerReference")
    if (k > 0 && T[k] == "array/") continue
    if (k == 0 || T[k] != "array") { is_sure = 0; continue }
    for (k++; T[k] != "/array"; k = skip(k)) {
      count++
      id = text_of(k, "DeviceIdentifier")
      if (id !~ /^disk[0-9]+s[0-9]+$/ || (id in given)) is_sure = 0
      if (id ~ /^disk[0-9]+s[0-9]+$/) volume(k, id, or_none(reference))
      given[id] = 1
      roles = find(k, "Roles")
      if (roles > 0 && T[roles] == "array") {
        for (m = roles + 1; T[m] != "/array"; m = skip(m)) if (T[m] != "string") is_sure = 0
      } else if (roles > 0 && T[roles] != "array/") is_sure = 0
      if (id == device || (uuid != "-" && uuid_of(k, "APFSVolumeUUID") == uuid) || (device == "-" && uuid == "-" && container != "-" && reference == container)) holds = 1
      if (id != device) continue
      own = 1
      own_group = group_of[id]
      own_system = has_role(k, "System")
    }
  }
  if (fs == "hfs" && !holds) return
  if (fs == "-" && count == 0 && is_sure) return
  if (fs == "hfs") { print "/"; return }
  if (container == "-" && match(device, /^disk[0-9]+/)) container = substr(device, 1, RLENGTH)
  if (group == "-") group = own_group
  n_data = 0; n_group = 0
  for (j = 1; j <= n_given; j++) {
    id = given_id[j]
    if (!of_data[id] || container == "-" || container_of[id] != container) continue
    n_data++
    only = id
    if (group != "-" && group_of[id] == group) { n_group++; mine = id }
  }
  # Of a list that cannot be read as a whole both are asked, for it may be either.
  if (fs == "apfs" && !holds && n_group != 1) { print "/"; return }
  if (n_group == 1) { print mine; if (!is_sure) print "/" }
  else if (n_data == 1 && group_of[only] == "-" && (!own || own_system)) { print only; if (!is_sure) print "/" }
  else print "/"
}
