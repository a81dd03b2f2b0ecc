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
{{- $_ := set $env $name $from -}}
{{- end -}}
{{- end -}}
{{ dict "files" (uniq $files) "env" $env | toYaml }}
{{- end }}
