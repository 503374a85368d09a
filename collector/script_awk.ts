/**
 * The awk programs of the printed collector (script.ts). They keep of an output what an allow-list names, as
 * the sanitizers of the parsers do, and write nothing else: an old awk without intervals, bytes for characters
 * (LC_ALL=C) and files of a stranger's making are what they are written for.
 */

const isUtf8 = String.raw`
function is_utf8(v) {
  if (v !~ /[\200-\377]/) return 1
  gsub(/[\302-\337][\200-\277]/, "x", v)
  gsub(/\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]|\355[\200-\237][\200-\277]/, "x", v)
  gsub(/\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277]/, "x", v)
  return v !~ /[\200-\377]/
}`;

/**
 * Property lists in XML. `mode` says what is asked:
 * allow: a dictionary, the keys of `set` alone · records: an array of dictionaries, the same ·
 * profiles: what `profiles show` prints · accounts, root, devices, uuid: what the script goes on with.
 * Exit: 0 written, 1 not such a property list, 4 nothing was there to drop (records).
 */
export const plistAwk = String.raw`# Property lists in XML; see docs/evidence.md.
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
${isUtf8}

# The declaration, and the type of the document without entities of its own.
function prolog(s) {
  return s ~ /^[?]xml version="1[.][01]"( encoding="[Uu][Tt][Ff]-8")?[ ]*[?]>[ \t\r\n]*$/ || s ~ /^!DOCTYPE plist PUBLIC "[^"<>]*" "[^"<>]*">[ \t\r\n]*$/ || s ~ /^!DOCTYPE plist( SYSTEM "[^"<>]*")?>[ \t\r\n]*$/
}
# Whether one that is damaged can be passed over: it declares no entities, and no other encoding.
function is_harmless(s) {
  if (s !~ /^([?]xml|!DOCTYPE)[ \t\r\n]/ || index(s, "[") > 0 || index(s, "]") > 0) return 0
  s = tolower(s)
  gsub(/encoding[ \t]*=[ \t]*"utf-8"/, "", s)
  return index(s, "encoding") == 0
}
# Whether a text is UTF-8 and has no reference but those of XML, and to characters; which there are the parser knows.
function is_text(v) {
  if (!is_utf8(v)) return 0
  if (index(v, "&") == 0) return 1
  gsub(/&(lt|gt|amp|quot|apos);/, "", v)
  gsub(/&#([0-9]+|x[0-9A-Fa-f]+);/, "", v)
  return index(v, "&") == 0
}
# Whether a value is one of its kind. What passes is a number, a date or data for certain, if not always a good one.
function is_value(t, v,    day, days) {
  if (t == "string") return is_text(v)
  v = trimmed(v)
  if (t == "integer") return v ~ /^[+-]?([0-9]+|0[Xx][0-9A-Fa-f]+)$/
  if (t == "real") return v ~ /^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([Ee][+-]?[0-9]+)?$/
  if (t == "date") {
    if (v !~ /^[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/ || substr(v, 12, 2) > 23) return 0
    split("31 28 31 30 31 30 31 31 30 31 30 31", days, " ")
    day = substr(v, 9, 2) + 0
    return day > 0 && (day <= days[substr(v, 6, 2) + 0] || (day == 29 && substr(v, 6, 2) == "02" && substr(v, 1, 4) % 4 == 0))
  }
  gsub(/[ \t\r\n]+/, "", v)
  return length(v) % 4 == 0 && v ~ /^[A-Za-z0-9+\/]*=?=?$/
}
# Whether what follows a "<" is of a property list, and not of a line that a framework logged.
function is_markup(s) {
  s = tolower(substr(s, 1, 16))
  return s ~ /^([?]xml|!doctype|!\[cdata|\/?(plist|array|dict|key|string|integer|real|date|data|true|false))([^a-z]|$)/
}
# The tokens of the document, without the lines that are logged before and after it.
function document(    i, first, last, at) {
  first = 0; last = 0; at = before
  for (i = 1; i <= m && first == 0; i++) {
    if (is_markup(Q[i])) {
      # What stands between two "<" begins no line.
      if (at !~ (i == 1 ? "(^|\n)[ \t\r]*$" : "\n[ \t\r]*$") || Q[i] !~ /^([?]xml|!DOCTYPE|plist)[ \t\r\n>]/) return 0
      first = i
    } else at = Q[i]
  }
  if (first == 0) return 0
  for (i = m; i >= first && last == 0; i--) if (is_markup(Q[i])) last = i
  if (first > 1 || before !~ /^[ \t\r\n]*$/ || last < m || Q[last] !~ />[ \t\r\n]*$/) dropped = 1
  if (Q[last] ~ /^\/plist>/) Q[last] = "/plist>"
  for (i = first; i <= last && Q[i] ~ /^[?!]/; i++) {
    if (prolog(Q[i])) continue
    if (!is_harmless(Q[i]) || (Q[i + 1] !~ /^[?!]/ && Q[i] !~ /\n[ \t]*$/)) return 0
    dropped = 1
  }
  for (; i <= last; i++) if (Q[i] ~ /^[?!]/ || !token(Q[i])) return 0
  return 1
}
function token(s,    p, tag, rest) {
  p = index(s, ">")
  if (p == 0) return 0
  tag = substr(s, 1, p - 1)
  rest = substr(s, p + 1)
  # White space before the end of a tag says nothing.
  if (sub(/[ \t\r\n]+\/$/, "", tag)) tag = tag "/"
  else sub(/[ \t\r\n]+$/, "", tag)
  if (tag == "plist" || tag ~ /^plist version="[^"]*"$/) tag = "plist"
  n++
  T[n] = tag
  X[n] = rest
  return 1
}

# Makes of the tokens one whole property list in which each value is one; 0 for what is none, such as a comment or
# CDATA. A value that cannot be read, an unknown element too, is then an <integer> without a number, and a dictionary
# that is not pairs a "dict!" of those that are.
function whole(first, last,    i, k) {
  if (T[first] != "plist" || T[last] != "/plist" || !is_blank(X[first]) || !is_blank(X[last])) return 0
  c = 0
  put("plist", "")
  LAST = last
  i = normal(first + 1, 1)
  if (i != last || !is_blank(X[i - 1])) return 0
  put("/plist", "")
  n = first - 1
  for (k = 1; k <= c; k++) {
    if (NT[k] == "") continue
    n++
    T[n] = NT[k]
    X[n] = NX[k]
  }
  return 1
}
# White space written as a number is white space.
function is_blank(s) {
  gsub(/&#(0*(9|10|13|32)|x0*(9|[aA]|[dD]|20));/, "", s)
  return s ~ /^[ \t\r\n]*$/
}
function put(t, x) { c++; NT[c] = t; NX[c] = x }
function oddity() { put("integer", ""); put("/integer", ""); odd = 1; dropped = 1 }
# Reads the value at a token and puts it; the token after it, or 0. The text before that is of what holds the value.
function normal(i, d,    t) {
  if (i >= LAST || d > 101) return 0
  t = T[i]
  if (t == "array") return normal_array(i, d)
  if (t == "dict") return normal_dict(i, d)
  if (t == "string/" || t == "data/" || t == "true/" || t == "false/" || t == "array/" || t == "dict/") { put(t, ""); return i + 1 }
  if (t == "integer/" || t == "real/" || t == "date/") { oddity(); return i + 1 }
  if (t !~ /^(string|integer|real|date|data|true|false)$/ || T[i + 1] != "/" t) { oddity(); return foreign(i) }
  if (t == "true" || t == "false") { if (X[i] == "") put(t "/", ""); else oddity() }
  else if (is_value(t, X[i])) { put(t, X[i]); put("/" t, "") }
  else oddity()
  return i + 2
}
# The token after an element that is not known, with all that is in it; 0 where it does not end, and for a container or a
# key, of which a part could be read.
function foreign(i,    d, t, name) {
  d = 0
  if (T[i] ~ /^(array|dict|key)([ \t\r\n\/]|$)/) return 0
  do {
    t = T[i]
    name = t
    sub(/^\//, "", name)
    sub(/[ \t\r\n].*$/, "", name)
    sub(/\/$/, "", name)
    # The parser of the program takes these names for an attack on itself.
    if (name ~ /^(__proto__|constructor|prototype)$/) return 0
    if (name == "plist" || name !~ /^[A-Za-z_][A-Za-z0-9_.:-]*$/) return 0
    if (t ~ /^\//) { if (d == 0 || name != open_name[d]) return 0; d-- }
    else if (t !~ /\/$/) open_name[++d] = name
    i++
  } while (d > 0 && i < LAST)
  return d == 0 ? i : 0
}
function normal_array(i, d) {
  put("array", "")
  for (;;) {
    # Text between its elements is none of them.
    if (!is_blank(X[i])) oddity()
    i++
    if (i >= LAST) return 0
    if (T[i] == "/array") break
    if (T[i] == "key" && T[i + 1] == "/key") { oddity(); i++ }
    else { i = normal(i, d + 1) - 1; if (i < 0) return 0 }
  }
  put("/array", "")
  return i + 1
}
function normal_dict(i, d,    id, p, has, key, start) {
  id = ++dicts
  put("dict", "")
  p = c
  has = 0
  for (;;) {
    if (!is_blank(X[i])) no_pairs(p)
    i++
    if (i >= LAST) return 0
    if (T[i] == "/dict") break
    if (T[i] == "key") {
      # Written as a number, a character could hide that a key is there twice.
      if (T[i + 1] != "/key" || index(X[i], "&#") > 0) return 0
      if (has && X[i] == key) dropped = 1
      else {
        if (has) unpaired(id, key)
        has = is_text(X[i])
        key = X[i]
        if (!has) no_pairs(p)
      }
      i++
    } else {
      start = c
      if (has) { put("key", key); put("/key", "") } else no_pairs(p)
      i = normal(i, d + 1) - 1
      if (i < 0) return 0
      if (has) pair(id, key, start + 1); else c = start
      has = 0
    }
  }
  if (has) unpaired(id, key)
  put("/dict", "")
  return i + 1
}
# Of a dictionary that is not pairs.
function no_pairs(p) { NT[p] = "dict!"; odd = 1; dropped = 1 }
# A key without a value.
function unpaired(id, key,    start) {
  start = c + 1
  put("key", key)
  put("/key", "")
  oddity()
  pair(id, key, start)
}
# What is there twice and the same is there once; what differs is not known.
function pair(id, key, start,    name, i, size, is_same) {
  name = plain(key)
  if (!((id, name) in P)) { P[id, name] = start; E[id, name] = c; return }
  dropped = 1
  size = E[id, name] - P[id, name]
  is_same = c - start == size
  for (i = 2; is_same && i <= size; i++)
    is_same = NT[start + i] == NT[P[id, name] + i] && same_text(NT[start + i], NX[start + i], NX[P[id, name] + i])
  if (!is_same) {
    for (i = P[id, name] + 2; i <= E[id, name]; i++) NT[i] = ""
    NT[P[id, name] + 2] = "integer"; NX[P[id, name] + 2] = ""
    if (size > 2) NT[P[id, name] + 3] = "/integer"
    else { NT[P[id, name] + 2] = "integer/" }
    odd = 1
  }
  c = start - 1
}
function same_text(t, a, b) {
  if (t == "string" || t == "key") return a == b
  gsub(/[ \t\r\n]+/, "", a); gsub(/[ \t\r\n]+/, "", b)
  return a == b
}
# The token after the value that begins here.
function skip(i,    d) {
  if (T[i] !~ /^(array|dict!?)$/) return T[i] ~ /\/$/ ? i + 1 : i + 2
  d = 1
  for (i++; d > 0; i++) {
    if (T[i] ~ /^(array|dict!?)$/) d++
    else if (T[i] == "/array" || T[i] == "/dict") d--
  }
  return i
}
# Where the value of a key begins; 0 when the dictionary has no such key that can be read.
function find(i, key) {
  if (T[i] !~ /^dict!?$/) return 0
  for (i++; T[i] != "/dict"; i = skip(i + 2)) if (X[i] == key) return i + 2
  return 0
}

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
function decoded(s,    p, ref, code, i) {
  while (match(s, /&#(x[0-9A-Fa-f]+|[0-9]+);/)) {
    ref = tolower(substr(s, RSTART + 2, RLENGTH - 3))
    code = 0
    if (ref ~ /^x/) for (i = 2; i <= length(ref) && code < 256; i++) code = code * 16 + index("0123456789abcdef", substr(ref, i, 1)) - 1
    else code = length(ref) < 9 ? ref + 0 : 256
    if (code < 32 || code > 126) return "\n"
    s = substr(s, 1, RSTART - 1) (code == 38 ? "&amp;" : sprintf("%c", code)) substr(s, RSTART + RLENGTH)
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
function profiles(i,    j, k) {
  if (T[i] != "dict" && T[i] != "dict/") return 0
  head()
  emit("<dict>\n")
  for (j = i + 1; T[i] == "dict" && T[j] != "/dict"; j = skip(j + 2)) {
    emit("\t<key>" X[j] "</key>\n")
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
`;

/**
 * What is no property list in XML: the old braces form, and the sentences that tools print in place of an
 * answer. Exit: 0 written (or nothing to write), 1 withheld, 2 withheld from somebody who is not root,
 * 3 the text begins as XML does.
 */
export const textAwk = String.raw`# Old-style property lists and known sentences; see docs/evidence.md.
BEGIN {
  while ((getline line < rules) > 0) if (split(line, part, "\t") == 3) R[part[1], part[2]] = part[3]
  close(rules)
  PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$/:.-"
}
{ s = s (NR > 1 ? "\n" : "") $0 }
${isUtf8}

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
`;
