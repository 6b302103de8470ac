"""Settings, read from the environment in this one place; the embedded default needs none of them set."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from config import data_folder
from config.environment import Environment, refuse
from config.own_secrets import NO_SECRETS, kept_secrets, own_secrets
from lib import silence

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", default="") or BASE_DIR / "data").resolve()

_makes_none = data_folder.asks_what_is_there(sys.argv)
_own = (kept_secrets(DATA_DIR) or NO_SECRETS) if _makes_none else own_secrets(DATA_DIR)
SECRET_KEY = env.text("SECRET_KEY", default="") or _own["secret_key"]
ENCRYPTION_KEYS = env.keys("ENCRYPTION_KEYS", default=[]) or _own["encryption_keys"]
METRICS_TOKEN = env.text("METRICS_TOKEN", default="") or _own["metrics_token"]
if not SECRET_KEY or not ENCRYPTION_KEYS:
    refuse(
        f"There is no Isthmus in {DATA_DIR}. Set DATA_DIR to the folder of the one that runs, or SECRET_KEY, ENCRYPTION_KEYS "
        "and DATABASE_URL to its own."
    )
DEBUG = env.flag("DEBUG", default=False)

PORT = env.whole("PORT", default=8000, least=1, most=65_535)
BASE_URL = env.url("BASE_URL", default=f"http://localhost:{PORT}")
"""Where browsers and apps reach this deployment: part of every redirect URI and snippet, so it must be stable."""
IS_HTTPS = urlsplit(BASE_URL).scheme == "https"
_own_names = [] if IS_HTTPS else ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS: list[str] = env.texts("ALLOWED_HOSTS", default=[*_own_names, urlsplit(BASE_URL).hostname or ""])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# Where Salesforce is. The demo and the tests point "production" at the local sandbox org; the product can not tell.
SALESFORCE_LOGIN_URL = env.url("SALESFORCE_LOGIN_URL", default="https://login.salesforce.com")
SALESFORCE_SANDBOX_LOGIN_URL = env.url("SALESFORCE_SANDBOX_LOGIN_URL", default="https://test.salesforce.com")
SALESFORCE_API_VERSION = env.text("SALESFORCE_API_VERSION", default="62.0")
SALESFORCE_TIMEOUT_SECONDS = env.seconds("SALESFORCE_TIMEOUT_SECONDS", default=60.0, least=0.01)
SALESFORCE_SETTLE_SECONDS = env.seconds("SALESFORCE_SETTLE_SECONDS", default=60.0)
"""How long after its begin a create that broke off may still take effect; what became of it is looked up after that."""
SANDBOX_ORG_URL = env.url("SANDBOX_ORG_URL", default="")
"""The local sandbox org, when one runs beside: the set-up form then offers its app in one click."""

INSTALLED_APPS = [
    "config.apps.WiringConfig",
    "projects.apps.ProjectsConfig",
    "integrations.apps.IntegrationsConfig",
    "workflows.apps.WorkflowsConfig",
    "connect_portal.apps.ConnectPortalConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]

MIDDLEWARE = [
    "config.closing.ClosingMiddleware",
    "config.addresses.AddressMiddleware",
    "config.health.HealthMiddleware",
    "config.metrics.MetricsMiddleware",
    "connect_portal.cors.SdkCorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "projects.middleware.BaseUrlMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "projects.middleware.CurrentProjectMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False  # the SDK's paths never end in a slash, and a redirect would lose their bodies

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "projects.context.dashboard",
            ],
            "builtins": ["projects.templatetags.isthmus"],
        },
    }
]

SILENCE_SECONDS = env.whole("SILENCE_SECONDS", default=30, least=1, most=86_400)
"""After how long without a sign of life PostgreSQL or Redis counts as gone, and we do at PostgreSQL."""
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'isthmus.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # FULL: an event that was answered with success is on disk, also after a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # What DATABASE_URL says itself comes first: postgres://…?connect_timeout=2
    DATABASES["default"]["OPTIONS"] = silence.of_postgres(SILENCE_SECONDS) | DATABASES["default"].get("OPTIONS", {})
    if env.flag("DATABASE_PREPARES", default=True):
        # The hot path's statements stay prepared; the ORM's own never are. Not behind a pooler that hands out connections
        # by transaction and does not know prepared statements (PgBouncer before 1.21).
        DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts: e-mail and password, with TOTP, recovery codes and passkeys for who switches them on.
AUTH_USER_MODEL = "projects.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.choice("ACCOUNT_EMAIL_VERIFICATION", ("none", "optional", "mandatory"), default="none")
ACCOUNT_SIGNUP_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_ADAPTER = "projects.accounts.AccountAdapter"
SIGN_UP_OPEN = env.flag("SIGN_UP_OPEN", default=True)
# Log-in attempts are limited by address, too: behind so many proxies of ours, the one that the first of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("TRUSTED_PROXY_COUNT", default=0, least=0, most=100)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"  # else nobody could switch a second factor on
MFA_TOTP_ISSUER = "Isthmus"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
EMAIL_CONFIG = env.mail("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", default="Isthmus <isthmus@localhost>")
if ACCOUNT_EMAIL_VERIFICATION == "mandatory" and not env.text("EMAIL_URL", default=""):
    refuse("ACCOUNT_EMAIL_VERIFICATION is mandatory, so mail has to be set up: give EMAIL_URL.")

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if IS_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", default=3600, least=0, most=10**9)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, "'unsafe-inline'"],  # CodeMirror and Tabler set styles; scripts stay external
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [path for path in (BASE_DIR / "static" / "dist", BASE_DIR / "static" / "assets") if path.exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env.flag("PLAIN_STATIC", default=False)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or env.flag("PLAIN_STATIC", default=False)

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if _redis_url := env.broker("CACHE_URL", ("redis", "rediss"), default=""):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _redis_url}}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "projects.api_errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Isthmus API",
    "VERSION": "1.0",
    "DESCRIPTION": "What an app sends to Isthmus: App Events for its users, and what the Connect SDK reads. Every call "
    "carries a user token: a JWT that the app signs with a key of the project (RS256; `sub`, `iat`, `exp`).",
    "SERVE_INCLUDE_SCHEMA": False,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "PREPROCESSING_HOOKS": ["config.api_schema.leave_out_aliases"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api_schema.put_in_order",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": False,  # its links stand inside of buttons, which no screen reader can make sense of
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
        "persistAuthorization": False,
    },
}

# Intake and engine
EVENT_MAX_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
LANE_LEASE_SECONDS = env.seconds("LANE_LEASE_SECONDS", default=30.0, least=0.1)
LANE_SLICE_SECONDS = env.seconds("LANE_SLICE_SECONDS", default=5.0)
LANE_GROUP_SIZE = 200
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", default=2.0, least=0.01)
RETENTION_DAYS = env.whole("RETENTION_DAYS", default=90, least=1, most=36_500)

CELERY_BROKER_URL = env.broker(
    "CELERY_BROKER_URL", ("filesystem", "redis", "rediss", "amqp", "amqps"), default="filesystem://"
)
CELERY_QUEUE = env.text("CELERY_QUEUE", default="isthmus")
BROKER_DIR = DATA_DIR / "broker"
WORKER_THREADS = env.whole("WORKER_THREADS", default=8, least=1, most=1_000)
WORKER_SLOW_LANES = env.whole("WORKER_SLOW_LANES", default=32, least=0, most=10_000)
"""How many lanes whose org takes more than a second a call one worker holds beside its quick ones."""
WORKER_BEAT = env.flag("WORKER_BEAT", default=True)
"""Whether a worker also carries the clock that sweeps for due lanes; at least one must."""

WEB_LINGER_SECONDS = env.seconds("WEB_LINGER_SECONDS", default=5.0)
"""How long the web process goes on listening after SIGTERM: as long as load balancers need to turn away."""
WEB_FINISH_SECONDS = env.seconds("WEB_FINISH_SECONDS", default=15.0, least=0.01)
"""How long requests in hand may take after that. The two together must be less than whoever stops us waits."""
WEB_BODY_SECONDS = env.seconds("WEB_BODY_SECONDS", default=10.0, least=0.01)
"""How long each 64 kB of a request's body may take to come before the request is given up with 408."""

METRICS_DIR = Path(env.text("METRICS_DIR", default=str(DATA_DIR / "metrics")))
"""Where the processes of one host count together; it need not survive anything."""
WORKER_METRICS_PORT = env.whole("WORKER_METRICS_PORT", default=0, least=0, most=65_535)
"""For hosts with workers only: where a web process runs, its /metrics tells of the workers beside it."""
WORKER_METRICS_HOST = env.text("WORKER_METRICS_HOST", default="127.0.0.1")

LOG_FORMAT = env.choice("LOG_FORMAT", ("line", "json"), default="line")
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "lib.log_lines.LineFormatter"},
        "json": {"()": "lib.log_lines.JsonFormatter"},
    },
    "filters": {"faults": {"()": "lib.log_lines.FaultFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["faults"]},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
