#!/usr/bin/env bash
# Makes base/prometheusrule.yaml of the rules of Prometheus. A test holds the two to each other.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
{
    printf '%s\n' '# Made by prometheusrule.sh of deploy/prometheus/paritywatch.rules.yml. Change that file and run it again.' \
        'apiVersion: monitoring.coreos.com/v1' 'kind: PrometheusRule' 'metadata:' '  name: paritywatch' 'spec:'
    sed 's/^./  &/' ../prometheus/paritywatch.rules.yml
} >base/prometheusrule.yaml
