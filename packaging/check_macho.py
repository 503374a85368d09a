#!/usr/bin/env python3
"""Reads the code signature of Mach-O files back, and says whether each holds.

    python3 packaging/check_macho.py FILE...

Written from Apple's published headers, mach-o/loader.h and xnu's osfmk/kern/cs_blobs.h, and apart from packaging/macho.ts,
which makes signatures: what one of the two misread, the other does not. It looks at thin 64-bit files. Of a signature by
a certificate it checks what the CodeDirectory says, not who signed it. Exit code 0 when all files hold, otherwise 1.
"""
import hashlib
import struct
import sys

# mach-o/loader.h
MH_MAGIC_64, MH_EXECUTE = 0xFEEDFACF, 2
LC_SEGMENT_64, LC_CODE_SIGNATURE = 0x19, 0x1D
# kern/cs_blobs.h
EMBEDDED_SIGNATURE, CODE_DIRECTORY, WRAPPER = 0xFADE0CC0, 0xFADE0C02, 0xFADE0B01
SLOT_MAGICS = {0: CODE_DIRECTORY, 2: 0xFADE0C01, 5: 0xFADE7171, 7: 0xFADE7172, 0x10000: WRAPPER}
ALTERNATE_DIRECTORIES = range(0x1000, 0x1005)
CS_ADHOC = 0x2
SUPPORTS_SCATTER, SUPPORTS_CODE_LIMIT_64, SUPPORTS_EXEC_SEGMENT = 0x20100, 0x20300, 0x20400
EXEC_SEGMENT_IS_MAIN = 1
HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}


class Bad(Exception):
    """What does not hold."""


def must(holds, what):
    if not holds:
        raise Bad(what)


class Segment:
    def __init__(self, data, at):
        (raw, self.vmaddr, self.vmsize, self.offset, self.size) = struct.unpack_from("<16s4Q", data, at + 8)
        self.name = raw.rstrip(b"\0").decode()
        (sections,) = struct.unpack_from("<I", data, at + 64)
        self.first_content = [
            offset
            for (size, offset) in (struct.unpack_from("<QI", data, at + 72 + 80 * n + 40) for n in range(sections))
            if offset != 0 and size != 0
        ]


class MachO:
    """The parts of a file that its signature speaks of."""

    def __init__(self, data):
        must(len(data) >= 32, "it is too short")
        (magic, _, _, self.kind, count, size, _, _) = struct.unpack_from("<8I", data)
        must(magic == MH_MAGIC_64, "it is no thin 64-bit Mach-O")
        self.data, self.segments, signatures, at = data, [], [], 32
        for _ in range(count):
            must(at + 8 <= 32 + size, "its load commands are longer than it says")
            (command, length) = struct.unpack_from("<II", data, at)
            must(length >= 8 and length % 8 == 0, f"load command {command:#x} has {length} bytes")
            if command == LC_SEGMENT_64:
                self.segments.append(Segment(data, at))
            elif command == LC_CODE_SIGNATURE:
                signatures.append(struct.unpack_from("<II", data, at + 8))
            at += length
        must(at == 32 + size, "its load commands are shorter than it says")
        contents = [offset for segment in self.segments for offset in segment.first_content]
        must(all(at <= offset for offset in contents), "its load commands reach into its first section")
        self.check_segments()
        must(len(signatures) > 0, "it is not signed")
        must(len(signatures) == 1, "it has two signatures")
        (self.signature_at, self.signature_size) = signatures[0]
        self.check_place()

    def segment(self, name):
        found = [segment for segment in self.segments if segment.name == name]
        must(len(found) == 1, f"it has {len(found)} segments {name}")
        return found[0]

    def check_segments(self):
        in_file = sorted((s.offset, s.offset + s.size, s.name) for s in self.segments if s.size > 0)
        in_memory = sorted((s.vmaddr, s.vmaddr + s.vmsize, s.name) for s in self.segments)
        for ranges in (in_file, in_memory):
            for ((_, end, one), (start, _, other)) in zip(ranges, ranges[1:]):
                must(end <= start, f"{one} and {other} overlap")
        must(in_file[-1][1] <= len(self.data), "a segment reaches beyond the end of the file")
        for segment in self.segments:
            # What is never mapped, such as what a debugger reads, has no size in memory.
            must(segment.size <= segment.vmsize or segment.vmsize == 0, f"{segment.name} is larger in the file than in memory")

    def check_place(self):
        linkedit, end = self.segment("__LINKEDIT"), self.signature_at + self.signature_size
        must(self.signature_at % 16 == 0, "the signature does not begin at a multiple of 16")
        must(linkedit.offset <= self.signature_at, "the signature lies before __LINKEDIT")
        must(linkedit.offset + linkedit.size == end, "__LINKEDIT does not end where the signature does")
        must(end == len(self.data), "something follows the signature")


def blobs_of(macho):
    """The blobs of a signature by their slots."""
    data = macho.data[macho.signature_at : macho.signature_at + macho.signature_size]
    (magic, length, count) = struct.unpack_from(">III", data)
    must(magic == EMBEDDED_SIGNATURE, "what it names as its signature is none")
    must(12 + 8 * count <= length <= len(data), "the signature is longer than its place")
    blobs, before = {}, 12 + 8 * count
    for (slot, at) in sorted((struct.unpack_from(">II", data, 12 + 8 * n) for n in range(count)), key=lambda i: i[1]):
        must(before <= at and at + 8 <= length, f"slot {slot:#x} overlaps another or the end")
        (magic, size) = struct.unpack_from(">II", data, at)
        expected = CODE_DIRECTORY if slot in ALTERNATE_DIRECTORIES else SLOT_MAGICS.get(slot)
        must(expected == magic, f"slot {slot:#x} holds {magic:#x}")
        must(slot not in blobs and at + size <= length, f"slot {slot:#x} is there twice or too long")
        blobs[slot], before = data[at : at + size], at + size
    must(0 in blobs, "the signature has no CodeDirectory")
    return blobs


class CodeDirectory:
    def __init__(self, blob):
        must(len(blob) >= 44, "the CodeDirectory is too short")
        self.blob = blob
        (self.version, self.flags, self.hashes_at, ident_at, self.special, self.pages, self.limit) = struct.unpack_from(
            ">7I", blob, 8
        )
        (self.hash_size, kind, _, shift) = struct.unpack_from(">4B", blob, 36)
        must(kind in HASHES, f"hash type {kind} is not known")
        (self.algorithm, size) = HASHES[kind]
        must(size == self.hash_size, f"hash type {kind} with {self.hash_size} bytes")
        self.page_size = 1 << shift
        if self.version >= SUPPORTS_SCATTER:
            must(struct.unpack_from(">I", blob, 44) == (0,), "it is signed in scattered parts")
        if self.version >= SUPPORTS_CODE_LIMIT_64:
            (limit,) = struct.unpack_from(">Q", blob, 56)
            self.limit = limit or self.limit
        first = self.hashes_at - self.special * size
        must(44 <= first and self.hashes_at + self.pages * size <= len(blob), "the hashes lie outside")
        end = blob.find(b"\0", ident_at)
        must(44 <= ident_at < end, "it has no identifier")
        self.identifier = blob[ident_at:end].decode()

    def hash_of(self, data):
        return hashlib.new(self.algorithm, data).digest()[: self.hash_size]

    def stated(self, number):
        """The hash of a page, or for a number below 0 of a special slot."""
        at = self.hashes_at + number * self.hash_size
        return self.blob[at : at + self.hash_size]

    def check_pages(self, macho):
        must(self.limit == macho.signature_at, f"what is signed ends at {self.limit}, not where the signature begins")
        must(self.pages == -(-self.limit // self.page_size), f"{self.pages} pages for {self.limit} bytes")
        code = memoryview(macho.data)[: self.limit]
        for number in range(self.pages):
            page = code[number * self.page_size : (number + 1) * self.page_size]
            must(self.hash_of(page) == self.stated(number), f"page {number} of {self.pages} is not what was signed")

    def check_special(self, blobs):
        for slot in range(1, self.special + 1):
            stated = self.stated(-slot)
            if slot in blobs:
                must(stated == self.hash_of(blobs[slot]), f"special slot {slot} is not what was signed")
            elif slot not in (1, 3):  # An Info.plist and resources lie outside of the file.
                must(not any(stated), f"special slot {slot} was signed and is not there")
        unsigned = [slot for slot in blobs if 0 < slot < 0x1000 and slot > self.special]
        must(not unsigned, f"slots {unsigned} are there and were not signed")

    def check_exec(self, macho):
        if self.version < SUPPORTS_EXEC_SEGMENT:
            return
        (base, limit, flags) = struct.unpack_from(">3Q", self.blob, 64)
        text = macho.segment("__TEXT")
        # codesign names the segment, linkers only the code in it.
        is_within = text.offset <= base and limit > 0 and base + limit <= text.offset + text.size
        must(is_within, "what it names as executable is not within __TEXT")
        is_main = flags & EXEC_SEGMENT_IS_MAIN != 0
        must(is_main == (macho.kind == MH_EXECUTE), "it says wrongly whether it is a program")


def check(path):
    with open(path, "rb") as file:
        macho = MachO(file.read())
    blobs = blobs_of(macho)
    found = []
    for (slot, blob) in sorted(blobs.items()):
        if slot != 0 and slot not in ALTERNATE_DIRECTORIES:
            continue
        directory = CodeDirectory(blob)
        directory.check_pages(macho)
        directory.check_special(blobs)
        directory.check_exec(macho)
        is_certified = len(blobs.get(0x10000, b"")) > 8
        must((directory.flags & CS_ADHOC != 0) != is_certified, "it is ad hoc with a certificate, or neither")
        cdhash = directory.hash_of(blob).hex()[:40]
        found.append(
            f"{directory.identifier}, flags {directory.flags:#x}, {directory.algorithm}, "
            f"{directory.pages} of {directory.pages} pages, cdhash {cdhash}"
        )
    return "; ".join(found)


def main(paths):
    code = 0 if paths else 1
    for path in paths:
        try:
            print(f"{path}: ok: {check(path)}")
        except (Bad, OSError, struct.error, UnicodeDecodeError) as error:
            print(f"{path}: BAD: {error}")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
