#!/usr/bin/env bash
# Gives the module another path, in every file that names it: make path MODULE=example.org/hebb
cd "$(dirname "$0")/.." || exit
old=$(sed -n 's/^module //p' go.mod) new=$1
case $new in
'' | *[!A-Za-z0-9._~/-]* | /* | */)
	echo "path: MODULE is ${new:-empty}, want a module path such as example.org/hebb" >&2
	exit 2
	;;
esac
rooms=$(go list ./... | sed "s#^$old/##; s#/.*##" | sort -u | paste -sd '|')
once="s#(^|[^A-Za-z0-9_./~-])${old//./\\.}/($rooms)([^A-Za-z0-9_-]|\$)#\1$new/\2\3#g"
find . \( -name '*.go' -o -name '*.md' \) -not -path './build/*' -print0 |
	xargs -0 sed -i -E -e "$once" -e "$once" # twice, for neighbours that share the character between them
go mod edit -module "$new"
(cd examples && go mod edit -droprequire "$old" -dropreplace "$old" -require "$new@v0.0.0" -replace "$new=../")
