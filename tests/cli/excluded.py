#!/usr/bin/env python3
"""excluded.py MINIVPN [CASES]: what ExcludedIPs leave of AllowedIPs, by `minivpn strip`, against what Python's ipaddress makes of it:
so many random cases of each family, 1000 without a number, the same ones in each run. A list that is wrong has to be found first."""
import ipaddress
import os
import random
import subprocess
import sys
import tempfile

minivpn = os.path.abspath(sys.argv[1])
cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
width = {4: 32, 6: 128}


def said(*arguments, given=None):
  return subprocess.run([minivpn, *arguments], input=given, capture_output=True, check=True, text=True, timeout=60).stdout


def network(chance, version):
  """Most of them near to each other, so that they touch, contain and adjoin."""
  bits = chance.choice([chance.randint(0, width[version]), chance.randint(0, 12), chance.randint(8, 24)])
  first = chance.choice([0, chance.getrandbits(4), chance.getrandbits(width[version])])
  value = first << (width[version] - 8) if first < 16 else first
  if chance.random() < 0.5:
    value |= chance.getrandbits(width[version] - 8)
  address = (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(value)
  return ipaddress.ip_network((address, bits), strict=False)


def rest_of(whole, excluded):
  rest = [whole]
  for each in excluded:
    remaining = []
    for part in rest:
      if part.subnet_of(each):
        continue
      remaining += part.address_exclude(each) if each.subnet_of(part) else [part]
    rest = remaining
  return sorted(ipaddress.collapse_addresses(rest))


def expected(allowed, excluded):
  """In the place of each that is touched its rest, but for those that lie in others; each once."""
  left = []
  for whole in allowed:
    if not any(whole.overlaps(each) for each in excluded):
      left.append(whole)
    elif not any(whole != other and whole.subnet_of(other) for other in allowed):
      left += rest_of(whole, excluded)
  return list(dict.fromkeys(left))


def lines(chance, name, networks):
  """On one line or on several."""
  cut = chance.randint(0, len(networks))
  return "".join(f"{name} = {', '.join(map(str, part))}\n" for part in (networks[:cut], networks[cut:]) if part)


def by_minivpn(chance, keys, allowed, excluded):
  settings = [lines(chance, "AllowedIPs", allowed), lines(chance, "ExcludedIPs", excluded)]
  chance.shuffle(settings)
  with open("test.conf", "w", encoding="ascii") as file:
    file.write(f"[Interface]\nPrivateKey = {keys[0]}\n[Peer]\nPublicKey = {keys[1]}\n" + "".join(settings))
  printed = said("strip", "test.conf")
  assert "Excluded" not in printed
  found = [line for line in printed.splitlines() if line.startswith("AllowedIPs")]
  assert len(found) < 2, found
  return [ipaddress.ip_network(each) for line in found for each in line.partition(" = ")[2].split(", ")]


def compare(keys, version, seed, spoil=lambda got: got):
  chance = random.Random(f"{version} {seed}")
  allowed = [network(chance, version) for _ in range(chance.randint(1, 5))]
  excluded = [network(chance, version) for _ in range(chance.randint(1, 6))]
  wanted, got = expected(allowed, excluded), spoil(by_minivpn(chance, keys, allowed, excluded))
  if got == wanted:
    return len(wanted), any(each not in allowed for each in wanted)
  raise ValueError(f"IPv{version}, case {seed}: {allowed} without {excluded}\n is {got}\n not {wanted}")


def is_found(keys, spoil):
  """Whether a list that was made wrong is noticed, in the first case that it changes."""
  for seed in range(50):
    try:
      compare(keys, 4, seed, spoil)
    except ValueError:
      return True
  return False


def run(keys):
  spoilers = [lambda got: got[1:], lambda got: got + [ipaddress.ip_network("203.0.113.0/24")], lambda got: got[::-1],
              lambda got: [half for each in got for half in (each.subnets() if each.prefixlen < 32 else [each])]]
  for number, spoil in enumerate(spoilers):
    assert is_found(keys, spoil), f"wrong list {number} was not noticed"
  ran = cut = longest = 0
  for version in (4, 6):
    for seed in range(cases):
      length, is_cut = compare(keys, version, seed)
      ran += 1
      cut += is_cut
      longest = max(longest, length)
  assert ran == 2 * cases and 4 * cut > ran and longest > 32, (ran, cut, longest)
  print(f"ok - {ran} cases, {cut} of them with parts, at the most {longest} prefixes; {len(spoilers)} wrong lists were noticed")


def main():
  own, peer = said("genkey").strip(), said("genkey")
  with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.umask(0o077)
    run((own, said("pubkey", given=peer).strip()))
    os.chdir("/")


main()
