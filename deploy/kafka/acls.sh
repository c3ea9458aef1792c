#!/usr/bin/env bash
# Grants the daemon's Kafka principal what it needs and nothing else. Running it twice changes nothing.
#
#   BOOTSTRAP=kafka:9093 COMMAND_CONFIG=admin.properties deploy/kafka/acls.sh
#
# COMMAND_CONFIG is the file with which an administrator logs in. kafka-acls.sh of Apache Kafka (3.0 or later) must be on
# the PATH, or named by KAFKA_ACLS (`kafka-acls` in some distributions). DRY_RUN=1 prints the commands only.
# Each name stands in the configuration under the key in brackets.

set -euo pipefail

readonly BOOTSTRAP=${BOOTSTRAP:?host:port of a broker}
readonly PRINCIPAL=${PRINCIPAL:-User:paritywatch}
readonly INPUT_TOPICS=${INPUT_TOPICS:-selections controls}                   # [kafka.topics], separated by spaces
readonly DEAD_LETTER_TOPIC=${DEAD_LETTER_TOPIC:-paritywatch.dead-letter}     # [kafka.dead_letter_topic]
readonly ALERT_TOPIC=${ALERT_TOPIC-paritywatch.alerts}                       # [kafka.alert_topic]; empty: none
readonly HTTP_TOPIC=${HTTP_TOPIC-}                                           # [http_source.topic], one of INPUT_TOPICS; empty: none
readonly MEASURE_TOPIC=${MEASURE_TOPIC-}                                     # [kafka.measure_topics]; empty: none
# Those who may record measures, separated by spaces, such as User:compliance. Give no producer of events Write there.
readonly MEASURE_PRINCIPALS=${MEASURE_PRINCIPALS-}
readonly GROUP=${GROUP:-paritywatch}                                         # [kafka.group]
readonly KAFKA_ACLS=${KAFKA_ACLS:-kafka-acls.sh}

# allow PRINCIPAL ACL... Fails the script where one ACL could not be added.
allow() {
    local command=("$KAFKA_ACLS" --bootstrap-server "$BOOTSTRAP")
    if [ -n "${COMMAND_CONFIG:-}" ]; then command+=(--command-config "$COMMAND_CONFIG"); fi
    command+=(--add --allow-principal "$1" "${@:2}")
    if [ -n "${DRY_RUN:-}" ]; then
        printf '%q ' "${command[@]}"
        printf '\n'
    else
        "${command[@]}"
    fi
}

# Reading, which includes looking up partitions and offsets. The settings tell whether the topic is compacted or forgets
# records before they were read.
input=()
for topic in $INPUT_TOPICS $MEASURE_TOPIC; do input+=(--topic "$topic"); done
allow "$PRINCIPAL" --operation Read --operation DescribeConfigs "${input[@]}"

# Offsets are committed for lag displays alone; the daemon's own are those of its checkpoint.
allow "$PRINCIPAL" --operation Read --group "$GROUP"

# Idempotent writing takes no ACL of the cluster since Kafka 2.8: that on the topic is enough.
output=(--topic "$DEAD_LETTER_TOPIC")
if [ -n "$ALERT_TOPIC" ]; then output+=(--topic "$ALERT_TOPIC"); fi
if [ -n "$HTTP_TOPIC" ]; then output+=(--topic "$HTTP_TOPIC"); fi
allow "$PRINCIPAL" --operation Write "${output[@]}"

if [ -n "$MEASURE_TOPIC" ]; then
    for principal in $MEASURE_PRINCIPALS; do allow "$principal" --operation Write --topic "$MEASURE_TOPIC"; done
fi
