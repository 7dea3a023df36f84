"""What each dbt adapter wants in profiles.yml, one function an adapter.

A value is the platform's (the compute plugin's config) where it has one, else an environment
variable. A secret is never written: it is always ``DBT_ENV_SECRET_…``, which dbt hides from its
logs. Which file a profile goes to is `profiles`' business.

Source: the adapters' own credential classes; each function's output is parsed by the real
adapter in tests/interop/test_dbt_profiles.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from floe_engine.patterns import pattern

SECRET_PREFIX = "DBT_ENV_SECRET_"  # noqa: S105 - the prefix of dbt's secret variables, not a secret
SCHEMA_VARIABLE = "FLOE_SCHEMA"

_REFERENCE = pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_NUMBERS = frozenset(
    {"threads", "port", "connect_timeout", "connect_retries", "retries", "keepalives_idle"}
    | {"job_execution_timeout_seconds", "maximum_bytes_billed"}
)
_SWITCHES = frozenset({"client_session_keep_alive", "is_ducklake", "use_ssl", "ra3_node", "autocommit"})
"""Keys whose values dbt wants as numbers and as switches: text from the environment is none by itself."""

_OPENING = pattern(r"\{(?=[{%#]|\Z)")
"""What opens Jinja, or would with what is written behind it."""


def _literal(text: str) -> str:
    """`text` so that Jinja, by which dbt reads every value of profiles.yml, shows it and runs nothing."""
    return _OPENING.sub("{{ '{' }}", text)


class AdapterSettings:
    """The plugin's config, asked key by key; remembers which environment variables are needed."""

    def __init__(self, config: Mapping[str, Any], name: str, target: str = "") -> None:
        self._config = config
        self._target = target
        self.name = name
        """The profile's name."""
        self.variables: dict[str, bool] = {}
        """Environment variable to whether it must be set, in the order of the file."""

    def __contains__(self, key: str) -> bool:
        return self._config.get(key) is not None

    def choice(self, key: str, default: str) -> str:
        """A setting that decides which others there are, as plain text."""
        return _literal(str(self._config.get(key) or default))

    def value(self, *keys: str, env: str, default: str | None = None) -> Any:
        """The first of `keys` that the platform sets, else the variable `env`."""
        found = self._first(keys)
        return self._env(env, default) if found is None else self.rendered(found)

    def number(self, key: str, *, env: str, default: int) -> Any:
        """Like `value`, but a number; from the environment by way of dbt's ``as_number``."""
        found = self._first((key,))
        if isinstance(found, int):
            return found
        if found is None:
            return self._env(env, str(default)).replace(" }}", " | as_number }}")
        return self.rendered(found, key)

    def secret(self, key: str, *, env: str, default: str | None = None) -> str:
        """The variable of a secret. A ``${NAME}`` of the platform names another one."""
        found = self._first((key,))
        match = _REFERENCE.fullmatch(found) if isinstance(found, str) else None
        if match:
            name = match[1]
            env = name if name.startswith(SECRET_PREFIX) else SECRET_PREFIX + name
        return self._env(env, default)

    def optional(self, *keys: str) -> dict[str, Any]:
        """Those of `keys` that the platform sets."""
        return {key: self.rendered(self._config[key], key) for key in keys if key in self}

    def rendered(self, value: Any, key: str = "") -> Any:
        """`value` with every ``${NAME}`` in it as dbt's ``env_var``, and all else as text for dbt.

        Where the value is one variable alone, and `key` wants a number or a switch, dbt makes it one.
        """
        if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)) and key in _NUMBERS | _SWITCHES:
            # Of switches dbt takes Python's spelling alone, and people write `true`.
            filters = "as_number" if key in _NUMBERS else "title | as_bool"
            return self._env(match[1], None).replace(" }}", f" | {filters} }}}}")
        if isinstance(value, Mapping):
            return {_literal(str(key)): self.rendered(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.rendered(inner) for inner in value]
        if isinstance(value, str):
            parts = _REFERENCE.split(value)
            return "".join(
                self._env(part, None) if index % 2 else _literal(part) for index, part in enumerate(parts)
            )
        return value

    def _first(self, keys: tuple[str, ...]) -> Any:
        return next((self._config[key] for key in keys if key in self), None)

    def _env(self, name: str, default: str | None) -> str:
        self.variables[name] = self.variables.get(name, False) or default is None
        if default is None:
            return f"{{{{ env_var('{name}') }}}}"
        if name == SCHEMA_VARIABLE and self._target:
            own = f"{name}_{re.sub(r'[^A-Z0-9]', '_', self._target.upper())}"
            self.variables.setdefault(own, False)
            return f"{{{{ env_var('{own}', env_var('{name}', '{default}')) }}}}"
        return f"{{{{ env_var('{name}', '{default}') }}}}"


def _duckdb(s: AdapterSettings) -> dict[str, Any]:
    file = re.sub(r"[^A-Za-z0-9_-]", "_", s.name)
    options = s.optional("extensions", "settings", "attach", "is_ducklake")
    if "memory_limit" in s:
        options["settings"] = {**options.get("settings", {}), **s.optional("memory_limit")}
    return {
        "path": s.value("path", env="FLOE_DUCKDB_PATH", default=f".floe/{file}.duckdb"),
        **s.optional("database"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="main"),
        **options,
    }


def _snowflake(s: AdapterSettings) -> dict[str, Any]:
    authenticator = s.choice("authenticator", "snowflake_jwt")
    if authenticator == "snowflake_jwt":
        key = s.value("private_key_path", env="SNOWFLAKE_PRIVATE_KEY_PATH")
        passphrase = s.secret(
            "private_key_passphrase", env=f"{SECRET_PREFIX}SNOWFLAKE_PASSPHRASE", default=""
        )
        login = {"private_key_path": key, "private_key_passphrase": passphrase}
    elif authenticator == "oauth":
        login = {
            "authenticator": "oauth",
            "token": s.secret("token", env=f"{SECRET_PREFIX}SNOWFLAKE_TOKEN"),
        }
    elif authenticator == "externalbrowser":
        login = {"authenticator": "externalbrowser"}
    else:
        password = s.secret("password", env=f"{SECRET_PREFIX}SNOWFLAKE_PASSWORD")
        login = {"authenticator": authenticator, "password": password}
    return {
        "account": s.value("account", env="SNOWFLAKE_ACCOUNT"),
        "user": s.value("user", env="SNOWFLAKE_USER"),
        **login,
        "role": s.value("role", env="SNOWFLAKE_ROLE"),
        "database": s.value("database", env="SNOWFLAKE_DATABASE"),
        "warehouse": s.value("warehouse", env="SNOWFLAKE_WAREHOUSE"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
        **s.optional("client_session_keep_alive", "query_tag", "connect_retries", "connect_timeout"),
    }


def _bigquery(s: AdapterSettings) -> dict[str, Any]:
    method = s.choice("method", "oauth")
    login: dict[str, Any] = {}
    if method == "service-account":
        login["keyfile"] = s.value("keyfile", env="BIGQUERY_KEYFILE")
    elif method == "service-account-json":
        text = s.secret("keyfile_json", env=f"{SECRET_PREFIX}BIGQUERY_KEYFILE_JSON")
        login["keyfile_json"] = text.replace(" }}", " | as_native }}")
    return {
        "method": method,
        "project": s.value("project", "database", env="BIGQUERY_PROJECT"),
        "dataset": s.value("dataset", "schema", env=SCHEMA_VARIABLE, default="analytics"),
        **login,
        "location": s.value("location", env="BIGQUERY_LOCATION", default="EU"),
        **s.optional(
            "priority", "job_execution_timeout_seconds", "maximum_bytes_billed", "impersonate_service_account"
        ),
    }


def _databricks(s: AdapterSettings) -> dict[str, Any]:
    if s.choice("auth_type", "token") == "oauth":
        login = {
            "auth_type": "oauth",
            "client_id": s.value("client_id", env="DATABRICKS_CLIENT_ID"),
            "client_secret": s.secret("client_secret", env=f"{SECRET_PREFIX}DATABRICKS_CLIENT_SECRET"),
        }
    else:
        login = {"token": s.secret("token", env=f"{SECRET_PREFIX}DATABRICKS_TOKEN")}
    return {
        "host": s.value("host", env="DATABRICKS_HOST"),
        "http_path": s.value("http_path", env="DATABRICKS_HTTP_PATH"),
        **login,
        "catalog": s.value("catalog", "database", env="DATABRICKS_CATALOG", default="main"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
    }


def _spark(s: AdapterSettings) -> dict[str, Any]:
    method = s.choice("method", "thrift")
    login: dict[str, Any] = {}
    if method == "session":
        login["host"] = s.choice("host", "localhost")  # dbt asks for one and does not use it
    else:
        login["host"] = s.value("host", env="SPARK_HOST")
        login["port"] = s.number("port", env="SPARK_PORT", default=10000 if method == "thrift" else 443)
    if method in {"http", "odbc"}:
        login["token"] = s.secret("token", env=f"{SECRET_PREFIX}SPARK_TOKEN")
    elif method == "thrift":
        login["user"] = s.value("user", env="SPARK_USER", default="dbt")
    return {
        "method": method,
        **login,
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
        **s.optional(
            "cluster", "endpoint", "driver", "organization", "auth", "kerberos_service_name", "use_ssl"
        ),
        **s.optional("connect_retries", "connect_timeout", "server_side_parameters"),
    }


def _postgres(s: AdapterSettings) -> dict[str, Any]:
    return {
        "host": s.value("host", env="POSTGRES_HOST"),
        "port": s.number("port", env="POSTGRES_PORT", default=5432),
        "user": s.value("user", env="POSTGRES_USER"),
        "password": s.secret("password", env=f"{SECRET_PREFIX}POSTGRES_PASSWORD"),
        "dbname": s.value("dbname", "database", env="POSTGRES_DATABASE"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
        "sslmode": s.value("sslmode", env="POSTGRES_SSLMODE", default="require"),
        **s.optional("role", "search_path", "keepalives_idle", "connect_timeout", "retries", "sslrootcert"),
    }


def _redshift(s: AdapterSettings) -> dict[str, Any]:
    method = s.choice("method", "database")
    login: dict[str, Any] = {"user": s.value("user", env="REDSHIFT_USER")}
    if method == "database":
        login["password"] = s.secret("password", env=f"{SECRET_PREFIX}REDSHIFT_PASSWORD")
    else:
        login["region"] = s.value("region", env="AWS_REGION")
        if "serverless" not in str(s.choice("host", "")):
            login["cluster_id"] = s.value("cluster_id", env="REDSHIFT_CLUSTER_ID")
    return {
        "method": method,
        "host": s.value("host", env="REDSHIFT_HOST"),
        "port": s.number("port", env="REDSHIFT_PORT", default=5439),
        **login,
        "dbname": s.value("dbname", "database", env="REDSHIFT_DATABASE"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
        **s.optional("sslmode", "iam_profile", "ra3_node", "autocommit", "connect_timeout", "role"),
    }


def _trino(s: AdapterSettings) -> dict[str, Any]:
    method = s.choice("method", "none")
    login: dict[str, Any] = {}
    if method == "jwt":
        login["jwt_token"] = s.secret("jwt_token", env=f"{SECRET_PREFIX}TRINO_JWT")
    elif method == "certificate":
        login["client_certificate"] = s.value("client_certificate", env="TRINO_CLIENT_CERTIFICATE")
        login["client_private_key"] = s.value("client_private_key", env="TRINO_CLIENT_PRIVATE_KEY")
    elif method not in {"oauth", "oauth_console"}:
        login["user"] = s.value("user", env="TRINO_USER")
    if method == "ldap":
        login["password"] = s.secret("password", env=f"{SECRET_PREFIX}TRINO_PASSWORD")
    secure = method != "none"
    return {
        "method": method,
        "host": s.value("host", env="TRINO_HOST"),
        "port": s.number("port", env="TRINO_PORT", default=443 if secure else 8080),
        **login,
        "database": s.value("database", "catalog", env="TRINO_CATALOG", default="iceberg"),
        "schema": s.value("schema", env=SCHEMA_VARIABLE, default="analytics"),
        "http_scheme": s.choice("http_scheme", "https" if secure else "http"),
        **s.optional("roles", "session_properties", "http_headers", "cert", "timezone", "impersonation_user"),
    }


ADAPTERS: Mapping[str, Callable[[AdapterSettings], dict[str, Any]]] = {
    "bigquery": _bigquery,
    "databricks": _databricks,
    "duckdb": _duckdb,
    "postgres": _postgres,
    "redshift": _redshift,
    "snowflake": _snowflake,
    "spark": _spark,
    "trino": _trino,
}
"""dbt adapter to the function that fills in its output, without ``type`` and ``threads``."""
