//! The names of all settings.

/// Every variable, for the help and the documentation: name, meaning.
pub const VARIABLES: &[(&str, &str)] = &[
    ("ALLIN_HOME", "folder with the database, keys and logs; default ~/.allin"),
    (
        "DATABASE_URL",
        "PostgreSQL 16 or newer with pgvector, as the role allin_app; default: a private server in the home",
    ),
    ("ALLIN_DECIDER_DATABASE_URL", "the same database as the role allin_decider, which writes what people decide"),
    ("ALLIN_OWNER_DATABASE_URL", "the same database as its owner, for `allin db migrate`"),
    ("ALLIN_PG_BINDIR", "folder with other PostgreSQL programs for the private server"),
    ("ALLIN_ALLOW_ORIGINS", "servers inside the network that may be called: host:port, separated by commas"),
    (
        "ALLIN_SANDBOX_URL",
        "a practice network that runs already, such as http://127.0.0.1:7800; default: the home's own",
    ),
    ("ALLIN_MEDIA_DIRS", "folders below which clients on this machine may name images, separated like PATH"),
    ("ALLIN_TOOLSETS", "toolsets to offer whole, separated by commas; `default` for the everyday tools, `all` for all"),
    ("ALLIN_READ_ONLY", "1: offer only tools that change nothing"),
    ("ALLIN_WORKSPACE", "workspace that the command line and stdio act in"),
    ("ALLIN_MEMBER", "member that the command line and stdio act for"),
    ("ALLIN_TIME_ZONE", "time zone of a new workspace, such as Europe/Berlin; default: the machine's"),
    ("ALLIN_OWNER", "name of the person who owns a new home"),
    ("ALLIN_PUBLIC_URL", "address at which people reach `allin serve`"),
    ("ALLIN_ALLOWED_HOSTS", "further host names of `allin serve`, separated by commas"),
    ("ALLIN_ALLOWED_ORIGINS", "web pages that may call `allin serve`, separated by commas"),
    ("ALLIN_ANSWER_WITHIN_MS", "how long a network may take to answer; default 30000"),
    ("ALLIN_CONNECTIONS", "posts sent at once to one server of a network; default 32"),
    ("ALLIN_POOL_SIZE", "database connections; default 16"),
    ("ALLIN_PG_DURABLE", "0: the private server does not wait for the disk; for tests only"),
    (
        "ALLIN_SMTP_URL",
        "mail server for notifications: smtps://user:password@host, or smtp:// for STARTTLS; plain on this machine only",
    ),
    ("ALLIN_MAIL_FROM", "sender of that mail, such as AllIN <allin@example.com>"),
    ("ALLIN_EMBEDDINGS", "off: documents are found by their words only, and no embedding model is fetched"),
    (
        "ALLIN_EMBEDDINGS_URL",
        "server of OpenAI's kind for embeddings in place of the model on this machine, such as https://api.openai.com/v1",
    ),
    ("ALLIN_EMBEDDINGS_KEY", "key for that server"),
    ("ALLIN_EMBEDDINGS_MODEL", "model to ask it for"),
    ("ALLIN_EMBEDDINGS_DIMENSION", "how many numbers that model's vectors have"),
    (
        "ALLIN_LLM_URL",
        "OpenAI-compatible endpoint that writes answers, such as http://localhost:11434/v1; without it they are extracts",
    ),
    ("ALLIN_LLM_MODEL", "name of the language model there"),
    ("ALLIN_LLM_KEY", "key for it, where the server asks for one"),
    (
        "SSL_CERT_FILE",
        "PEM file of the authorities to trust, for networks and mail, in place of the system's; not on macOS or Windows",
    ),
    ("ALLIN_LOG", "what to log to stderr, such as info or warn,allin=debug; default warn"),
    ("ALLIN_LOG_JSON", "1: log as JSON"),
];
