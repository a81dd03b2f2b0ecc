{{/*
The Secrets that the pods of a service hold, as { files, env }: those of all, and those that its process opens (docs/configuration.md#secrets);
(dict "root" $ "service" … "channel" …).
*/}}
{{- define "oncepost.secrets" -}}
{{- $secrets := .root.Values.secrets -}}
{{- $opens := get (.root.Files.Get "files/opens.yaml" | fromYaml) .service | default list -}}
{{- $parts := list $secrets -}}
{{- range list "vault" "apps" "api" "alerts" -}}
{{- if has . $opens -}}{{- $parts = append $parts (get $secrets .) -}}{{- end -}}
{{- end -}}
{{- range $channel, $part := $secrets.channels -}}
{{- if or (has "channels" $opens) (and (has "channel" $opens) (eq $channel $.channel)) -}}{{- $parts = append $parts $part -}}{{- end -}}
{{- end -}}
{{- $files := list -}}
{{- $env := dict -}}
{{- range $parts -}}
{{- $files = concat $files (default list .files) -}}
{{- range $name, $from := default dict .env -}}
{{- if ne (toJson $from) (get $env $name | default $from | toJson) -}}{{- fail (printf "secrets: %s is taken from two Secrets" $name) -}}{{- end -}}
{{- if hasKey $.root.Values.env $name -}}{{- fail (printf "env.%s: is in secrets as well; leave one of them out" $name) -}}{{- end -}}
{{- $_ := set $env $name $from -}}
{{- end -}}
{{- end -}}
{{ dict "files" (uniq $files) "env" $env | toYaml }}
{{- end }}

{{/* What a container has of them, and the plain variables: (dict "root" $ "service" … "channel" …). */}}
{{- define "oncepost.secretEnv" -}}
{{- range $name, $from := (include "oncepost.secrets" . | fromYaml).env }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ $from.key }}
{{- end }}
{{- range $name, $value := .root.Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Volumes are numbered: a Secret's name may have dots, and be longer than a volume's. */}}
{{- define "oncepost.secretMounts" -}}
{{- range $n, $secret := (include "oncepost.secrets" . | fromYaml).files }}
- name: secret-{{ $n }}
  mountPath: /run/secrets/{{ $secret }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "oncepost.secretVolumes" -}}
{{- range $n, $secret := (include "oncepost.secrets" . | fromYaml).files }}
- name: secret-{{ $n }}
  secret:
    secretName: {{ $secret }}
    # Not for everyone: oncepost warns of secrets that all can read.
    defaultMode: 0440
{{- end }}
{{- end }}
