#: A part of plist.awk: from what stands between two "<" (Q) to tags and texts (T, X) in which each value is one, so
#: that the rest needs no more doubt.
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
