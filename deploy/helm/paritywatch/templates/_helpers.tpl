{{- define "paritywatch.name" -}}
{{- $name := contains "paritywatch" .Release.Name | ternary .Release.Name (printf "%s-paritywatch" .Release.Name) }}
{{- $name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "paritywatch.selector" -}}
app.kubernetes.io/name: paritywatch
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "paritywatch.labels" -}}
{{ include "paritywatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "paritywatch.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "paritywatch.config" -}}
{{ .Values.config | default (.Files.Get "files/paritywatch.toml") }}
{{- end }}
