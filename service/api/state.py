"""Where the routes find the running service."""

from fastapi import Request

from service.api.problems import NotReadyError
from service.usecases.service import Service


def service_of(request: Request) -> Service:
    """Give the running service; NotReadyError while it starts or shuts down."""
    service = getattr(request.app.state, "service", None)
    if not isinstance(service, Service):
        raise NotReadyError("the service is starting or shutting down")
    return service
