"""All rules over what an environment renders to, and over the files that it is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.policies.access import ACCESS_POLICIES
from bot.policies.addresses import ADDRESS_POLICIES
from bot.policies.api_settings import API_SETTING_POLICIES
from bot.policies.authorization import AUTHORIZATION_POLICIES
from bot.policies.backup_alerts import BACKUP_ALERT_POLICIES
from bot.policies.backup_folders import BACKUP_FOLDER_POLICIES
from bot.policies.backup_settings import BACKUP_SETTING_POLICIES
from bot.policies.backups import BACKUP_POLICIES
from bot.policies.data_folders import DATA_FOLDER_POLICIES
from bot.policies.declared import DECLARED_POLICIES
from bot.policies.destinations import DESTINATION_POLICIES
from bot.policies.disruption import DISRUPTION_POLICIES
from bot.policies.external_secrets import EXTERNAL_SECRET_POLICIES
from bot.policies.files import FILE_POLICIES
from bot.policies.gateway import GATEWAY_POLICIES
from bot.policies.hooks import HOOK_POLICIES
from bot.policies.images import IMAGE_POLICIES
from bot.policies.jobs import JOB_POLICIES
from bot.policies.kinds import KIND_POLICIES
from bot.policies.labels import LABEL_POLICIES
from bot.policies.measurements import MEASUREMENT_POLICIES
from bot.policies.metrics.labels import SERIES_POLICIES
from bot.policies.monitors import MONITOR_POLICIES
from bot.policies.mounts import MOUNT_POLICIES
from bot.policies.mtls import MTLS_POLICIES
from bot.policies.neo4j import NEO4J_POLICIES
from bot.policies.neo4j_cluster import NEO4J_CLUSTER_POLICIES
from bot.policies.neo4j_memory import NEO4J_MEMORY_POLICIES
from bot.policies.network import NETWORK_POLICIES
from bot.policies.placeholders import PLACEHOLDER_POLICIES
from bot.policies.places import PLACE_POLICIES
from bot.policies.pods import POD_POLICIES
from bot.policies.probes import PROBE_POLICIES
from bot.policies.qdrant import QDRANT_POLICIES
from bot.policies.qdrant_keys import QDRANT_KEY_POLICIES
from bot.policies.quota import QUOTA_POLICIES
from bot.policies.references import REFERENCE_POLICIES
from bot.policies.resources import RESOURCE_POLICIES
from bot.policies.restarts import RESTART_POLICIES
from bot.policies.rollouts import ROLLOUT_POLICIES
from bot.policies.scaling import SCALING_POLICIES
from bot.policies.selectors import SELECTOR_POLICIES
from bot.policies.services import SERVICE_POLICIES
from bot.policies.sources import deprecated_fields, unread_files
from bot.policies.stateful_sets import STATEFUL_SET_POLICIES
from bot.policies.storage import STORAGE_POLICIES
from bot.policies.traffic import TRAFFIC_POLICIES
from bot.policies.uvicorn import UVICORN_POLICIES
from bot.policies.variables import VARIABLE_POLICIES
from bot.policies.waves import WAVE_POLICIES

if TYPE_CHECKING:
    from bot.policies.manifests import Policy, SourcePolicy

POLICIES: tuple[Policy, ...] = (
    *ACCESS_POLICIES,
    *ADDRESS_POLICIES,
    *API_SETTING_POLICIES,
    *AUTHORIZATION_POLICIES,
    *BACKUP_ALERT_POLICIES,
    *BACKUP_FOLDER_POLICIES,
    *BACKUP_POLICIES,
    *BACKUP_SETTING_POLICIES,
    *DATA_FOLDER_POLICIES,
    *DECLARED_POLICIES,
    *DESTINATION_POLICIES,
    *DISRUPTION_POLICIES,
    *EXTERNAL_SECRET_POLICIES,
    *FILE_POLICIES,
    *GATEWAY_POLICIES,
    *HOOK_POLICIES,
    *IMAGE_POLICIES,
    *JOB_POLICIES,
    *KIND_POLICIES,
    *LABEL_POLICIES,
    *MEASUREMENT_POLICIES,
    *MONITOR_POLICIES,
    *MOUNT_POLICIES,
    *MTLS_POLICIES,
    *NEO4J_CLUSTER_POLICIES,
    *NEO4J_MEMORY_POLICIES,
    *NEO4J_POLICIES,
    *NETWORK_POLICIES,
    *PLACEHOLDER_POLICIES,
    *PLACE_POLICIES,
    *POD_POLICIES,
    *PROBE_POLICIES,
    *QDRANT_KEY_POLICIES,
    *QDRANT_POLICIES,
    *QUOTA_POLICIES,
    *REFERENCE_POLICIES,
    *RESOURCE_POLICIES,
    *RESTART_POLICIES,
    *ROLLOUT_POLICIES,
    *SCALING_POLICIES,
    *SELECTOR_POLICIES,
    *SERIES_POLICIES,
    *SERVICE_POLICIES,
    *STATEFUL_SET_POLICIES,
    *STORAGE_POLICIES,
    *TRAFFIC_POLICIES,
    *UVICORN_POLICIES,
    *VARIABLE_POLICIES,
    *WAVE_POLICIES,
)
SOURCE_POLICIES: tuple[SourcePolicy, ...] = (deprecated_fields, unread_files)
