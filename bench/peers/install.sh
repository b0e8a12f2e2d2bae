#!/bin/sh
# Installs the peers of the benchmark into a folder, by the clients of this system: Debian's packages for C and Rust, npm for the
# rest. If a peer cannot be installed, it goes on, names it at the end, and fails. The benchmark then runs without that peer and
# names it too.
#
#	install.sh FOLDER
set -u

here=$(cd "$(dirname "$0")" && pwd)
folder=$1
missing=

# debian.txt has the versions of Debian 12 and 13, as far as a point release does not change them.
for package in $(cut -d " " -f 1 "$here/debian.txt"); do
	versions=$(awk -v name="$package" '$1 == name { $1 = ""; print }' "$here/debian.txt")
	state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)
	test "$state" = 'install ok installed' && continue
	got=
	for version in $versions; do
		if DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package=$version" >/dev/null 2>&1; then
			got=$version
			break
		fi
	done
	test -n "$got" || missing="$missing $package ($versions)"
done

# The versions are in package.json. There is no lock file, because its addresses would be those of one registry.
mkdir -p "$folder"
cp "$here/package.json" "$folder/"
(cd "$folder" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts) || missing="$missing npm's packages"

test -z "$missing" && exit
echo "could not get:$missing" >&2
exit 1
