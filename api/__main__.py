"""`python -m api`: serves the HTTP interface with the settings of the environment until SIGTERM or SIGINT."""

from api.logs import set_up
from api.server import serve
from store.settings import Settings


def main() -> None:
    settings = Settings()
    set_up(settings.log_level)
    serve(settings)


if __name__ == "__main__":
    main()
