"""Settings, read from the environment in this one place; the embedded default needs none of them set."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.own_secrets import own_secrets
from lib import silence

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

_own = own_secrets(DATA_DIR)
SECRET_KEY = env.str("SECRET_KEY", default=_own["secret_key"])
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=_own["encryption_keys"])
METRICS_TOKEN = env.str("METRICS_TOKEN", default=_own["metrics_token"])
DEBUG = env.bool("DEBUG", default=False)

PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")
"""Where browsers and apps reach this deployment: part of every redirect URI and snippet, so it must be stable."""
IS_HTTPS = urlsplit(BASE_URL).scheme == "https"
_own_names = [] if IS_HTTPS else ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[*_own_names, urlsplit(BASE_URL).hostname or ""])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# Where Salesforce is. The demo and the tests point "production" at the local sandbox org; the product can not tell.
SALESFORCE_LOGIN_URL = env.str("SALESFORCE_LOGIN_URL", default="https://login.salesforce.com").rstrip("/")
SALESFORCE_SANDBOX_LOGIN_URL = env.str("SALESFORCE_SANDBOX_LOGIN_URL", default="https://test.salesforce.com").rstrip(
    "/"
)
SALESFORCE_API_VERSION = env.str("SALESFORCE_API_VERSION", default="62.0")
SALESFORCE_TIMEOUT_SECONDS = env.float("SALESFORCE_TIMEOUT_SECONDS", default=60.0)
SALESFORCE_SETTLE_SECONDS = env.float("SALESFORCE_SETTLE_SECONDS", default=60.0)
"""How long after its begin a create that broke off may still take effect; what became of it is looked up after that."""
SANDBOX_ORG_URL = env.str("SANDBOX_ORG_URL", default="").rstrip("/")
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

SILENCE_SECONDS = env.int("SILENCE_SECONDS", default=30)
"""After how long without a sign of life PostgreSQL or Redis counts as gone, and we do at PostgreSQL."""
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'isthmus.sqlite3'}")
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
    if env.bool("DATABASE_PREPARES", default=True):
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
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="none")
ACCOUNT_SIGNUP_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_ADAPTER = "projects.accounts.AccountAdapter"
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", default=True)
# Log-in attempts are limited by address, too: behind so many proxies of ours, the one that the first of them saw.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"  # else nobody could switch a second factor on
MFA_TOTP_ISSUER = "Isthmus"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Isthmus <isthmus@localhost>")
if ACCOUNT_EMAIL_VERIFICATION not in ("none", "optional", "mandatory"):
    raise ImproperlyConfigured(
        f"ACCOUNT_EMAIL_VERIFICATION is {ACCOUNT_EMAIL_VERIFICATION!r}; it is “none”, “optional” or “mandatory”."
    )
if ACCOUNT_EMAIL_VERIFICATION == "mandatory" and not env.str("EMAIL_URL", default=""):
    raise ImproperlyConfigured("ACCOUNT_EMAIL_VERIFICATION is mandatory, so mail has to be set up: give EMAIL_URL.")

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if IS_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=3600)
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
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [path for path in (BASE_DIR / "static" / "dist", BASE_DIR / "static" / "assets") if path.exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env.bool("PLAIN_STATIC", default=False)
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or env.bool("PLAIN_STATIC", default=False)

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if _redis_url := env.str("CACHE_URL", default=""):
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
LANE_LEASE_SECONDS = env.float("LANE_LEASE_SECONDS", default=30.0)
LANE_SLICE_SECONDS = env.float("LANE_SLICE_SECONDS", default=5.0)
LANE_GROUP_SIZE = 200
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=2.0)
RETENTION_DAYS = env.int("RETENTION_DAYS", default=90)

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://")
CELERY_QUEUE = env.str("CELERY_QUEUE", default="isthmus")
BROKER_DIR = DATA_DIR / "broker"
WORKER_THREADS = env.int("WORKER_THREADS", default=8)
WORKER_SLOW_LANES = env.int("WORKER_SLOW_LANES", default=32)
"""How many lanes whose org takes more than a second a call one worker holds beside its quick ones."""
WORKER_BEAT = env.bool("WORKER_BEAT", default=True)
"""Whether a worker also carries the clock that sweeps for due lanes; at least one must."""

WEB_LINGER_SECONDS = env.float("WEB_LINGER_SECONDS", default=5.0)
"""How long the web process goes on listening after SIGTERM: as long as load balancers need to turn away."""
WEB_FINISH_SECONDS = env.float("WEB_FINISH_SECONDS", default=15.0)
"""How long requests in hand may take after that. The two together must be less than whoever stops us waits."""
if WEB_LINGER_SECONDS < 0 or WEB_FINISH_SECONDS <= 0:
    raise ImproperlyConfigured("WEB_LINGER_SECONDS is 0 or more, WEB_FINISH_SECONDS more than 0.")

METRICS_DIR = Path(env.str("METRICS_DIR", default=str(DATA_DIR / "metrics")))
"""Where the processes of one host count together; it need not survive anything."""
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", default=0)
"""For hosts with workers only: where a web process runs, its /metrics tells of the workers beside it."""
WORKER_METRICS_HOST = env.str("WORKER_METRICS_HOST", default="127.0.0.1")

LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}; it is “line” or “json”.")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "lib.log_lines.LineFormatter"},
        "json": {"()": "lib.log_lines.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
