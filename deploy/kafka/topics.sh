#!/usr/bin/env bash
# Makes the topics that do not exist yet; those that do are left as they are.
#
#   BOOTSTRAP=kafka:9093 COMMAND_CONFIG=admin.properties deploy/kafka/topics.sh
#
# COMMAND_CONFIG is the file with which an administrator logs in. kafka-topics.sh of Apache Kafka must be on the PATH, or
# named by KAFKA_TOPICS. DRY_RUN=1 prints the commands only.

set -euo pipefail

readonly BOOTSTRAP=${BOOTSTRAP:?host:port of a broker}
readonly INPUT_TOPICS=${INPUT_TOPICS:-selections controls} # separated by spaces
readonly DEAD_LETTER_TOPIC=${DEAD_LETTER_TOPIC:-paritywatch.dead-letter}
readonly ALERT_TOPIC=${ALERT_TOPIC-paritywatch.alerts} # empty: none
readonly MEASURE_TOPIC=${MEASURE_TOPIC-}                    # empty: none. Name it in kafka.topics and kafka.measure_topics as well
readonly PARTITIONS=${PARTITIONS:-6}
readonly REPLICATION=${REPLICATION:-3}
readonly MIN_INSYNC=${MIN_INSYNC:-2}
# Events: longer than the longest standstill of the daemon. A state folder that is lost is counted anew from what is kept.
readonly INPUT_RETENTION_DAYS=${INPUT_RETENTION_DAYS:-90}
readonly DEAD_LETTER_RETENTION_DAYS=${DEAD_LETTER_RETENTION_DAYS:-30}
# Alerts, and measures that answer them, are what was known and when: as long as the windows' history.
readonly ALERT_RETENTION_DAYS=${ALERT_RETENTION_DAYS:-400}
readonly KAFKA_TOPICS=${KAFKA_TOPICS:-kafka-topics.sh}

readonly MILLISECONDS_OF_A_DAY=86400000

# create TOPIC PARTITIONS RETENTION_DAYS
create() {
    local command=("$KAFKA_TOPICS" --bootstrap-server "$BOOTSTRAP")
    if [ -n "${COMMAND_CONFIG:-}" ]; then command+=(--command-config "$COMMAND_CONFIG"); fi
    command+=(
        --create --if-not-exists --topic "$1" --partitions "$2" --replication-factor "$REPLICATION"
        # Never compacted: that keeps one event a case, and a case has several.
        --config cleanup.policy=delete
        --config "retention.ms=$(($3 * MILLISECONDS_OF_A_DAY))"
        # Time alone decides what goes.
        --config retention.bytes=-1
        --config "min.insync.replicas=$MIN_INSYNC"
    )
    if [ -n "${DRY_RUN:-}" ]; then
        printf '%q ' "${command[@]}"
        printf '\n'
    else
        "${command[@]}"
    fi
}

for topic in $INPUT_TOPICS; do create "$topic" "$PARTITIONS" "$INPUT_RETENTION_DAYS"; done
create "$DEAD_LETTER_TOPIC" 1 "$DEAD_LETTER_RETENTION_DAYS"
if [ -n "$MEASURE_TOPIC" ]; then create "$MEASURE_TOPIC" 1 "$ALERT_RETENTION_DAYS"; fi
if [ -n "$ALERT_TOPIC" ]; then create "$ALERT_TOPIC" 1 "$ALERT_RETENTION_DAYS"; fi
