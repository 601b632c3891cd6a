# Runs one private PostgreSQL server for as long as standard input stays open, then removes it.
# The test process holds the other end of that pipe, so the server goes when the process goes, however it ends.
# Arguments: folder of the server programs, folder of the server, port, listen addresses ('' = socket only).
# Prints "ready", or what went wrong.
programs=$1 folder=$2 port=$3 addresses=$4
trap : HUP INT TERM

start() {
    "$programs/initdb" --pgdata="$folder/data" --username=postgres --auth=trust \
        --encoding=UTF8 --no-locale --no-sync || return
    cat >>"$folder/data/postgresql.conf" <<CONFIGURATION || return
port = $port
listen_addresses = '$addresses'
unix_socket_directories = '$folder'
max_connections = 200
fsync = off
full_page_writes = off
timezone = 'UTC'
CONFIGURATION
    "$programs/pg_ctl" start --wait --pgdata="$folder/data" --log="$folder/server.log"
}

if start >"$folder/start.log" 2>&1; then
    echo ready
    read -r _
    "$programs/pg_ctl" stop --wait --mode=immediate --pgdata="$folder/data" >"$folder/stop.log" 2>&1
else
    cat "$folder"/*.log
fi
rm -rf "$folder"
