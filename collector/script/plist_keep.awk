#: A part of plist.awk: writes of a value what the rules (R) allow, as XML again.
function emit(s) { if (buffering) buffer = buffer s; else printf "%s", s }
function trimmed(s) { gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", s); return s }
function head() {
  emit("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n")
}

# A value without the dictionaries in it; with the rule number also without texts and data.
function copy(i, rule, ind,    t, v, j) {
  t = T[i]
  if (t == "string" || t == "string/") {
    v = t == "string" ? X[i] : ""
    if (rule == "number" && v != "") { dropped = 1; v = "" }
    emit(ind "<string>" v "</string>\n")
  } else if (t == "data" || t == "data/") {
    v = t == "data" ? X[i] : ""
    gsub(/[ \t\r\n]+/, "", v)
    if (rule == "number" && v != "") { dropped = 1; v = "" }
    emit(ind "<data>" v "</data>\n")
  } else if (t == "true/" || t == "false/") emit(ind "<" t ">\n")
  else if (t == "dict!" || t == "integer/") emit(ind "<integer></integer>\n")
  else if (t == "array") {
    if (T[i + 1] == "/array") { emit(ind "<array/>\n"); return }
    emit(ind "<array>\n")
    for (j = i + 1; T[j] != "/array"; j = skip(j)) copy(j, rule, ind "\t")
    emit(ind "</array>\n")
  } else if (t == "array/") emit(ind "<array/>\n")
  else if (t == "dict" || t == "dict/") {
    if (t == "dict" && T[i + 1] != "/dict") dropped = 1
    emit(ind "<dict/>\n")
  } else emit(ind "<" t ">" trimmed(X[i]) "</" t ">\n")
}
# In place of a value of a kind that the key does not have: nothing of it is kept, and no parser takes it.
function refuse(ind, by) { dropped = 1; emit(ind by "\n") }

function keep(i, set, path, rule, ind,    t, v, j) {
  t = T[i]
  v = t == "string" ? X[i] : ""
  if (rule == "any" || rule == "number") copy(i, rule, ind)
  else if (rule == "policy") policies(i, ind)
  else if (rule == "authority" || rule == "provider") conceal(i, rule, ind)
  else if (rule == "present") emit(ind "<true/>\n")
  else if (rule == "dict") {
    if (t == "dict" || t == "dict/") dict(i, set, path "/", ind)
    else refuse(ind, "<array/>")
  } else if (rule == "list") {
    if (t == "array/") emit(ind "<array/>\n")
    else if (t != "array") refuse(ind, "<dict/>")
    else {
      emit(ind "<array>\n")
      for (j = i + 1; T[j] != "/array"; j = skip(j)) {
        if (T[j] == "dict" || T[j] == "dict/") dict(j, set, path "/", ind "\t")
        else refuse(ind "\t", "<array/>")
      }
      emit(ind "</array>\n")
    }
  } else if (rule == "texts") {
    if (t == "array/") emit(ind "<array/>\n")
    else if (t != "array") refuse(ind, "<dict/>")
    else {
      emit(ind "<array>\n")
      for (j = i + 1; T[j] != "/array"; j = skip(j)) {
        if (T[j] == "string" || T[j] == "string/") copy(j, "any", ind "\t")
        else refuse(ind "\t", "<dict/>")
      }
      emit(ind "</array>\n")
    }
  } else if (rule == "text" && (t == "string" || t == "string/")) copy(i, "any", ind)
  else if (rule == "flag" && (t == "true/" || t == "false/")) copy(i, "any", ind)
  else if (rule == "flag" && is_flag(t, t == "string" ? v : trimmed(X[i]))) copy(i, "any", ind)
  else if (rule == "integer" && (t == "integer" || (t == "real" && trimmed(X[i]) ~ /^[+-]?[0-9]+([.]0*)?$/))) copy(i, "any", ind)
  else if (rule == "integer" && v ~ /^-?[0-9]+$/ && length(v) < 17) copy(i, "any", ind)
  else if (rule == "time" && t == "date") copy(i, "any", ind)
  else if (rule == "time" && v ~ /^[0-9-]+[ T][0-9:.]+ ?(Z|[+-][0-9:]+)$/ && length(v) < 45) copy(i, "any", ind)
  else if (rule == "url" && origin(decoded(v)) != "") emit(ind "<string>" origin(decoded(v)) "</string>\n")
  else refuse(ind, "<dict/>")
}
# Whether a value is 1 or 0, in one of the forms that a number has.
function is_flag(t, v) {
  if (t == "string") return v ~ /^[01]$/
  if (t == "real") return v ~ /^[+]?0*[01]([.]0*)?$/
  return t == "integer" && v ~ /^([+]?0*[01]|-0+|[+]?0[Xx]0*[01]|-0[Xx]0+)$/
}
# The allowed keys of a dictionary; how many there are. Preference domains are names of files, in any case.
function pairs(i, set, path, ind, opens,    j, key, name, count, rule) {
  count = 0
  if (T[i] !~ /^dict!?$/) return 0
  for (j = i + 1; T[j] != "/dict"; j = skip(j + 2)) {
    key = X[j]
    name = path ~ /PayloadContentManagedPreferences\/$/ ? tolower(key) : key
    if (!((set, path name) in R)) { dropped = 1; continue }
    rule = R[set, path name]
    if (opens && count == 0) emit(ind "<dict>\n")
    count++
    emit(ind "\t<key>" key "</key>\n")
    keep(j + 2, set, path name, rule, ind "\t")
  }
  return count
}
# Of one that is not pairs, those that are, and what tells that it is none.
function odd_dict(i, set, path, ind) {
  emit(ind "<dict>\n" ind "\t<integer></integer>\n")
  pairs(i, set, path, ind, 0)
  emit(ind "</dict>\n")
}
function dict(i, set, path, ind) {
  emit(pairs(i, set, path, ind, 1) > 0 ? ind "</dict>\n" : ind "<dict/>\n")
}

function plain(s) {
  if (index(s, "&") == 0) return s
  # What is written as a number is no plain name: it reads as a control character.
  if (s ~ /&#/) return "\n"
  gsub(/&lt;/, "<", s); gsub(/&gt;/, ">", s); gsub(/&quot;/, "\"", s); gsub(/&apos;/, "\047", s)
  gsub(/&amp;/, "\\&", s)
  return s
}
# The same with the plain characters that are written as numbers, for what is no name.
function decoded(s) {
  s = readable(s)
  return index(s, "\001") > 0 ? "\n" : s
}
# The same, with one control character for each other number.
function readable(s,    p, ref, code, i) {
  while (match(s, /&#(x[0-9A-Fa-f]+|[0-9]+);/)) {
    ref = tolower(substr(s, RSTART + 2, RLENGTH - 3))
    code = 0
    if (ref ~ /^x/) for (i = 2; i <= length(ref) && code < 256; i++) code = code * 16 + index("0123456789abcdef", substr(ref, i, 1)) - 1
    else code = length(ref) < 9 ? ref + 0 : 256
    s = substr(s, 1, RSTART - 1) (code < 32 || code > 126 ? "\001" : code == 38 ? "&amp;" : sprintf("%c", code)) substr(s, RSTART + RLENGTH)
  }
  return plain(s)
}
function escaped(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
# Scheme and host of a URL: a name, a password, a path and a query can hold a secret.
function origin(url,    scheme, rest, p) {
  url = trimmed(url)
  if (url ~ /^[Hh][Tt][Tt][Pp][Ss]:\/\//) { scheme = "https://"; rest = substr(url, 9) }
  else if (url ~ /^[Hh][Tt][Tt][Pp]:\/\//) { scheme = "http://"; rest = substr(url, 8) }
  else return ""
  p = match(rest, /[\/?#\\]/)
  if (p > 0) rest = substr(rest, 1, p - 1)
  while ((p = index(rest, "@")) > 0) rest = substr(rest, p + 1)
  if (rest ~ /:[0-9]*$/) sub(/:[0-9]*$/, "", rest)
  return rest ~ /^[A-Za-z0-9._-]+$/ || rest ~ /^\[[0-9A-Fa-f:.]+\]$/ ? scheme tolower(rest) : ""
}

# Who a person is in a directory: in its place stands a number, the same for the same text.
function conceal(i, rule, ind,    j, v, shown) {
  if (T[i] != "array") { copy(i, "number", ind); return }
  if (T[i + 1] == "/array") { emit(ind "<array/>\n"); return }
  emit(ind "<array>\n")
  for (j = i + 1; T[j] != "/array"; j = skip(j)) {
    if (T[j] != "string") { copy(j, "number", ind "\t"); continue }
    # Each of its numbers costs the whole of the text.
    if (length(X[j]) > 4096 && X[j] ~ /&#/) { refuse(ind "\t", "<dict/>"); continue }
    v = readable(X[j])
    if (rule == "authority") shown = authority(v)
    # Of an identity provider it is read that it is there.
    else shown = v ~ /^PlatformSSO:/ ? "PlatformSSO:" : ""
    if (shown == v) copy(j, "any", ind "\t")
    else if (index(shown, "\001") > 0) refuse(ind "\t", "<dict/>")
    else { dropped = 1; emit(ind "\t<string>" escaped(shown) "</string>\n") }
  }
  emit(ind "</array>\n")
}
function hidden(v) {
  if (v == "") return v
  if (!(v in hidden_as)) hidden_as[v] = ++n_hidden
  return "withheld " hidden_as[v]
}
# The value with what follows its tag only where that is known to name nobody. Behind DisabledUser is another.
function authority(v,    p, start, tag, data, depth) {
  start = ""
  for (depth = 0; ; depth++) {
    p = index(v, ";")
    if (p == 0) return start kept_word(v, depth)
    data = substr(v, p + 1)
    start = start kept_word(substr(v, 1, p - 1), depth) ";"
    p = index(data, ";")
    if (p == 0) return start kept_word(data, depth)
    tag = tolower(substr(data, 1, p - 1))
    start = start kept_word(substr(data, 1, p - 1), depth) ";"
    data = substr(data, p + 1)
    if (tag != "disableduser" || depth == R["kept_depth", "most"] + 0) return start concealed(tag, data)
    v = data
  }
}
# The outermost word is in a column of its own: the reader decides of it.
function kept_word(v, depth) { return depth == 0 || is_kept("", v) ? v : hidden(v) }
function concealed(tag, data,    p) {
  if (tag == "disabledtags") return disabled_tags(data)
  if (data == "" || is_kept(tag, data)) return data
  if (tag != "localcacheduser" || (p = cached_guid(data)) == "") return hidden(data)
  if (!guids_read) read_guids()
  return cached_node(data) hidden(data) ":" (p in guids ? p : "another GUID")
}
function is_kept(tag, data) {
  return ("kept_data", tag) in R && length(data) <= R["kept_data_length", "most"] + 0 && data ~ ("^(" R["kept_data", tag] ")$")
}
function disabled_tags(data,    kept, each, later) {
  if (length(data) > R["kept_list_length", "most"] + 0) return hidden(data)
  kept = ""; later = 0
  while (match(data, /[^;,]+/)) {
    each = substr(data, RSTART, RLENGTH)
    if (index(substr(data, 1, RSTART - 1), ";") > 0) later = 1
    kept = kept substr(data, 1, RSTART - 1) ((later ? is_kept("disabledtags;", tolower(each)) : is_kept("disabledtags", each)) ? each : hidden(each))
    data = substr(data, RSTART + RLENGTH)
  }
  return kept data
}
function is_guid(v) {
  return length(v) == 36 && v ~ /^........-....-....-....-............$/ && v ~ /^[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+-[0-9A-Fa-f]+$/
}
# The directory of what has a GUID, without the delimiters of a value; "" for what is no path of one.
function cached_node(v) {
  if (v !~ /^\//) return ""
  sub(/;$/, "", v)
  v = substr(v, 1, length(v) - 36)
  sub(/:[^:]+:$/, "", v)
  gsub(/%/, "%25", v); gsub(/;/, "%3B", v); gsub(/,/, "%2C", v)
  return v ":"
}
# The GUID of "node:name:GUID"; "" for what has another form.
function cached_guid(v,    id) {
  sub(/;$/, "", v)
  if (length(v) < 40) return ""
  id = substr(v, length(v) - 35)
  v = substr(v, 1, length(v) - 36)
  return is_guid(id) && v ~ /.:[^:]+:$/ ? toupper(id) : ""
}
# The first GeneratedUID of each record: what an account of this Mac has names nobody else.
function read_guids(    j, k, id) {
  guids_read = 1
  for (j = 1; j <= n; j++) {
    if (T[j] != "key" || !(("attribute", X[j]) in R) || R["attribute", X[j]] != "GeneratedUID") continue
    k = T[j + 2] == "array" ? j + 3 : j + 2
    id = text_at(k)
    if (is_guid(id)) guids[toupper(id)] = 1
  }
}

# Each value is itself a property list, as text.
function policies(i, ind,    j) {
  if (T[i] == "array/" || (T[i] == "array" && T[i + 1] == "/array")) emit(ind "<array/>\n")
  else if (T[i] == "array") {
    emit(ind "<array>\n")
    for (j = i + 1; T[j] != "/array"; j = skip(j)) policies(j, ind "\t")
    emit(ind "</array>\n")
  } else if (T[i] == "string") emit(ind "<string>" policy(X[i]) "</string>\n")
  else copy(i, "number", ind)
}
function policy(raw,    text, size, p, first, was_dropped, was_odd, kept, ok) {
  text = raw
  gsub(/&#13;/, "\r", text)
  text = plain(text)
  if (text == "") return raw
  size = length(text)
  first = n + 1
  was_dropped = dropped
  was_odd = odd
  dropped = 0
  # Not by split: the awk of macOS also splits at each end of a line.
  p = index(text, "<")
  before = p > 0 ? substr(text, 1, p - 1) : text
  m = 0
  while (p > 0) {
    text = substr(text, p + 1)
    p = index(text, "<")
    Q[++m] = p > 0 ? substr(text, 1, p - 1) : text
  }
  ok = document() && whole(first, n)
  odd = was_odd
  if (!ok) { dropped = 1; n = first - 1; return "tokenquery: " size " bytes that are not a property list were withheld\n" }
  buffering = 1
  buffer = ""
  head()
  if (T[first + 1] == "dict" || T[first + 1] == "dict/") dict(first + 1, "policy", "", "")
  else if (T[first + 1] == "dict!") odd_dict(first + 1, "policy", "", "")
  else copy(first + 1, "number", "")
  emit("</plist>\n")
  kept = dropped ? escaped(buffer) : raw
  buffering = 0
  dropped = was_dropped || dropped
  n = first - 1
  return kept
}

function records(i,    j) {
  head()
  if (T[i] == "array") {
    if (T[i + 1] == "/array") emit("<array/>\n")
    else {
      emit("<array>\n")
      for (j = i + 1; T[j] != "/array"; j = skip(j)) {
        if (T[j] == "dict" || T[j] == "dict/") dict(j, set, "", "\t")
        else if (T[j] == "dict!") odd_dict(j, set, "", "\t")
        else copy(j, "number", "\t")
      }
      emit("</array>\n")
    }
  } else if (T[i] == "dict" || T[i] == "dict/") dict(i, set, "", "")
  else if (T[i] == "dict!") odd_dict(i, set, "", "")
  else copy(i, "number", "")
  emit("</plist>\n")
}

# Only payloads of known types, of them only the listed keys. In place of what has another form stands an element
# of a kind that does not belong there, which costs itself.
function profiles(i,    j, k, users) {
  if (T[i] != "dict" && T[i] != "dict/") return 0
  head()
  emit("<dict>\n")
  for (j = i + 1; T[i] == "dict" && T[j] != "/dict"; j = skip(j + 2)) {
    # The name of a user is not kept.
    emit("\t<key>" (X[j] == "_computerlevel" ? X[j] : "user " (++users)) "</key>\n")
    if (T[j + 2] != "array" && T[j + 2] != "array/") { refuse("\t", "<dict/>"); continue }
    emit("\t<array>\n")
    for (k = j + 3; T[j + 2] == "array" && T[k] != "/array"; k = skip(k)) profile(k)
    emit("\t</array>\n")
  }
  emit("</dict>\n</plist>\n")
  return 1
}
# The type of a payload of use; "" for one that is of none, and "?" for one that may be and cannot be told.
function payload_type(j,    type, k) {
  if (T[j] != "dict" && T[j] != "dict/") return "?"
  type = find(j, "PayloadType")
  if (type > 0 && T[type] == "string") return ("payload/" X[type]) in S ? X[type] : ""
  k = find(j, "PayloadContent")
  if ((type > 0 && T[type] == "string/") || k == 0) return ""
  if (T[k] == "dict!") return "?"
  if (T[k] != "dict") return ""
  for (k++; T[k] != "/dict"; k = skip(k + 2)) if (("payload_key", X[k]) in R) return "?"
  return ""
}
function profile(i,    items, j, type, useful, is_mdm) {
  if (T[i] != "dict" && T[i] != "dict/") { refuse("\t\t", "<array/>"); return }
  items = find(i, "ProfileItems")
  if (items == 0 || (T[items] != "array" && T[items] != "array/")) {
    emit("\t\t<dict>\n")
    pairs(i, "profile", "", "\t\t", 0)
    emit("\t\t\t<key>ProfileItems</key>\n")
    refuse("\t\t\t", "<dict/>")
    emit("\t\t</dict>\n")
    return
  }
  useful = 0; is_mdm = 0
  for (j = items + 1; T[items] == "array" && T[j] != "/array"; j = skip(j)) {
    type = payload_type(j)
    if (type != "") useful++
    if (type == "com.apple.mdm") is_mdm = 1
  }
  if (useful == 0) return
  emit("\t\t<dict>\n")
  pairs(i, is_mdm ? "mdm_profile" : "profile", "", "\t\t", 0)
  emit("\t\t\t<key>ProfileItems</key>\n\t\t\t<array>\n")
  for (j = items + 1; T[j] != "/array"; j = skip(j)) {
    type = payload_type(j)
    if (type == "?") refuse("\t\t\t\t", "<array/>")
    else if (type != "") payload(j, type)
  }
  emit("\t\t\t</array>\n\t\t</dict>\n")
}
function payload(j, type,    content) {
  emit("\t\t\t\t<dict>\n\t\t\t\t\t<key>PayloadContent</key>\n")
  content = find(j, "PayloadContent")
  if (content > 0 && (T[content] == "dict" || T[content] == "dict/")) dict(content, "payload/" type, "", "\t\t\t\t\t")
  else refuse("\t\t\t\t\t", "<array/>")
  emit("\t\t\t\t\t<key>PayloadType</key>\n\t\t\t\t\t<string>" type "</string>\n\t\t\t\t</dict>\n")
}
