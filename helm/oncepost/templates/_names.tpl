{{- define "oncepost.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "oncepost.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "oncepost.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "oncepost.name" .) | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* What tells this release's pods from all others. */}}
{{- define "oncepost.selector" -}}
app.kubernetes.io/name: {{ include "oncepost.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "oncepost.labels" -}}
{{ include "oncepost.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* What tells a service's pods from those of others: (dict "root" $ "service" … "channel" …). */}}
{{- define "oncepost.serviceSelector" -}}
{{ include "oncepost.selector" .root }}
app.kubernetes.io/component: {{ .service }}
{{- with .channel }}
oncepost/channel: {{ . }}
{{- end }}
{{- end }}

{{- define "oncepost.serviceAccount" -}}
{{ .Values.serviceAccount.create | ternary (default (include "oncepost.fullname" .) .Values.serviceAccount.name) (default "default" .Values.serviceAccount.name) }}
{{- end }}

{{/* The image, with a service's own tag if it has one: (dict "root" $ "tag" …). */}}
{{- define "oncepost.image" -}}
{{- $image := .root.Values.image -}}
{{- $repository := required "image.repository: say where your image is" $image.repository -}}
{{- if .tag -}}
{{ printf "%s:%s" $repository .tag }}
{{- else if $image.digest -}}
{{ printf "%s@%s" $repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .root.Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end }}
