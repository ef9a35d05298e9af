"""Which variables each image reads, and which of them are secret; pure data, with its sources."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contract:
    """What an image expects of its environment; names are case-sensitive."""

    image: str  # how its repository ends
    required: frozenset[str]
    known: frozenset[str]
    secret: frozenset[str]
    renamed: dict[str, str] = field(default_factory=dict)  # names that other programs use, and what this one reads
    metrics: str = "/metrics"  # the path of its metrics
    switches: frozenset[str] = frozenset()  # variables that are true or false
    counts: frozenset[str] = frozenset()  # that are whole numbers from 1 on
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)  # that are one of these
    lists: frozenset[str] = frozenset()  # that are JSON lists
    must_be_on: dict[str, str] = field(default_factory=dict)  # switches without which the stack does not work, and why


LIBRARIES = (  # what Python, its libraries and the shell read
    *("FORWARDED_ALLOW_IPS", "HF_HOME", "HF_HUB_OFFLINE", "HOME", "OMP_NUM_THREADS", "PROMETHEUS_MULTIPROC_DIR"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TMPDIR", "TOKENIZERS_PARALLELISM", "TORCH_HOME", "TZ", "XDG_CACHE_HOME"),
)
# The code of the API (mlcf/api/config.py, mlcf/api/main.py); tests hold it to apps/context-api/features/smoke/contract.json.
CONTEXT_API = Contract(
    image="context-api",
    required=frozenset(
        (
            *("JWT_SECRET_KEY", "NEO4J_PASSWORD", "NEO4J_URI", "NEO4J_USER", "QDRANT_COLLECTION", "QDRANT_HOST", "QDRANT_PORT"),
            *("SUPABASE_ANON_KEY", "SUPABASE_JWT_SECRET", "SUPABASE_SERVICE_KEY", "SUPABASE_URL"),
        )
    ),
    known=frozenset(
        (
            *("API_KEY", "CORS_ORIGINS", "DEBUG", "ENABLE_CORS", "ENABLE_GRAPH_SEARCH", "ENABLE_METRICS", "ENABLE_RATE_LIMITING"),
            *("ENABLE_VECTOR_SEARCH", "ENVIRONMENT", "JWT_ALGORITHM", "JWT_EXPIRATION_MINUTES", "LOG_LEVEL", "NEO4J_DATABASE"),
            *("QDRANT_API_KEY", "RATE_LIMIT_PER_MINUTE", "REQUIRE_AUTH"),
            *LIBRARIES,
        )
    ),
    secret=frozenset(
        (
            *("API_KEY", "JWT_SECRET_KEY", "NEO4J_PASSWORD", "QDRANT_API_KEY"),
            *("SUPABASE_ANON_KEY", "SUPABASE_JWT_SECRET", "SUPABASE_SERVICE_KEY"),
        )
    ),
    switches=frozenset(
        (
            *("DEBUG", "ENABLE_CORS", "ENABLE_GRAPH_SEARCH", "ENABLE_METRICS", "ENABLE_RATE_LIMITING", "ENABLE_VECTOR_SEARCH"),
            "REQUIRE_AUTH",
        )
    ),
    counts=frozenset({"JWT_EXPIRATION_MINUTES", "QDRANT_PORT", "RATE_LIMIT_PER_MINUTE"}),
    words={"LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR")},
    lists=frozenset({"CORS_ORIGINS"}),
    must_be_on={"ENABLE_METRICS": "alerts, the gate and the autoscaler have no series"},
    renamed={
        "JWT_SECRET": "JWT_SECRET_KEY",
        "API_HOST": "--host on the command line",
        "API_PORT": "--port on the command line",
        "HOST": "--host on the command line",
        "PORT": "--port on the command line",
        "NEO4J_USERNAME": "NEO4J_USER",
        "QDRANT_URL": "QDRANT_HOST and QDRANT_PORT",
    },
)

# qdrant/qdrant v1.19.0: src/settings.rs, src/main.rs, tools/entrypoint.sh, lib/storage/src/types.rs.
QDRANT_SECTIONS = {
    "AUDIT": (),
    "CLUSTER": ("ENABLED", "PEER_ID", "GRPC_TIMEOUT_MS", "CONNECTION_TIMEOUT_MS", "P2P", "CONSENSUS", "RESHARDING_ENABLED"),
    "DEBUGGER": (),
    "FEATURE_FLAGS": (),
    "GPU": (),
    "INFERENCE": (),
    "LOGGER": (),
    "LOG_LEVEL": (),
    "SERVICE": (
        *("HOST", "HTTP_PORT", "GRPC_PORT", "METRICS_PORT", "MAX_REQUEST_SIZE_MB", "MAX_WORKERS", "HTTP_KEEP_ALIVE_TIMEOUT_SEC"),
        *("HTTP_CLIENT_REQUEST_TIMEOUT_SEC", "HTTP_CLIENT_DISCONNECT_TIMEOUT_SEC", "ENABLE_CORS", "ENABLE_TLS"),
        *("VERIFY_HTTPS_CLIENT_CERTIFICATE", "API_KEY", "ALT_API_KEY", "READ_ONLY_API_KEY", "JWT_RBAC", "ENFORCE_INTERNAL_AUTH"),
        *("HIDE_JWT_DASHBOARD", "STATIC_CONTENT_DIR", "ENABLE_STATIC_CONTENT", "SLOW_QUERY_SECS", "HARDWARE_REPORTING"),
        *("METRICS_PREFIX", "ENABLE_SNAPSHOT_URL_RECOVERY"),
    ),
    "STORAGE": (
        *("STORAGE_PATH", "SNAPSHOTS_PATH", "SNAPSHOTS_CONFIG", "TEMP_PATH", "ON_DISK_PAYLOAD", "PAYLOAD", "OPTIMIZERS"),
        *("OPTIMIZERS_OVERWRITE", "WAL", "PERFORMANCE", "HNSW_INDEX", "HNSW_GLOBAL_CONFIG", "MMAP_ADVICE", "LOW_MEMORY_MODE"),
        *("NODE_TYPE", "UPDATE_QUEUE_SIZE", "HANDLE_COLLECTION_LOAD_ERRORS", "RECOVERY_MODE", "UPDATE_CONCURRENCY"),
        *("SHARD_TRANSFER_METHOD", "COLLECTION", "MAX_COLLECTIONS", "QUOTAS"),
    ),
    "TELEMETRY_DISABLED": (),
    "TLS": (),
}
QDRANT = Contract(
    image="qdrant/qdrant",
    required=frozenset(),
    known=frozenset(
        (
            *("QDRANT_ALLOW_RECOVERY_MODE", "QDRANT_BOOTSTRAP", "QDRANT_INIT_FILE_PATH", "QDRANT_NO_MULTI_MMAP"),
            *("QDRANT_NUM_CPUS", "QDRANT_URI"),
        )
    ),
    secret=frozenset(
        (
            *("QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__ALT_API_KEY", "QDRANT__SERVICE__READ_ONLY_API_KEY"),
            "QDRANT__STORAGE__SNAPSHOTS_CONFIG__S3_CONFIG__SECRET_KEY",
        )
    ),
)

# neo4j/docker-neo4j: docker-image-src/5/coredb/docker-entrypoint.sh (not_configs); every other NEO4J_ variable becomes a setting.
NEO4J = Contract(
    image="neo4j",
    required=frozenset({"NEO4J_AUTH"}),
    known=frozenset(
        (
            *("NEO4J_ACCEPT_LICENSE_AGREEMENT", "NEO4J_AUTH", "NEO4J_AUTH_PATH", "NEO4J_DEBUG", "NEO4J_DEPRECATION_WARNING"),
            *("NEO4J_EDITION", "NEO4J_HOME", "NEO4J_PLUGINS"),
        )
    ),
    secret=frozenset({"NEO4J_AUTH"}),
)
CONTRACTS = (CONTEXT_API, QDRANT, NEO4J)
