{{- define "oncepost.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "oncepost.fullname" -}}
{{- $name := default (printf "%s-%s" .Release.Name (include "oncepost.name" .)) .Values.fullnameOverride -}}
{{- if and (not .Values.fullnameOverride) (contains (include "oncepost.name" .) .Release.Name) -}}{{- $name = .Release.Name -}}{{- end -}}
{{- $name = $name | trunc 40 | trimSuffix "-" -}}
{{- /* A Service's name takes no more than that. */ -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "fullnameOverride: objects would be called %s; name a word of a-z, 0-9 and - that begins with a letter" $name) -}}
{{- end -}}
{{ $name }}
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

{{/* The image, of a service's own tag or digest if it has one: (dict "root" $ "values" … "path" where these values are). */}}
{{- define "oncepost.image" -}}
{{- $repository := required "image.repository: say where your image is" .root.Values.image.repository -}}
{{- $of := .root.Values.image -}}
{{- $path := "image" -}}
{{- with .values -}}
{{- if or .tag .digest -}}{{- $of = . -}}{{- $path = $.path -}}{{- end -}}
{{- end -}}
{{- if and $of.tag $of.digest -}}
{{- fail (printf "%s: tag and digest are both set, and a digest leaves a tag without effect; leave one of them out" $path) -}}
{{- end -}}
{{- if $of.digest -}}
{{ printf "%s@%s" $repository $of.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .root.Chart.AppVersion $of.tag) }}
{{- end -}}
{{- end }}
