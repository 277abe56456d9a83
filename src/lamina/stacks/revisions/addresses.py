"""Signs the URLs of the pixels of stacks, which never change, so that pages can show them without the API key."""

from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.files.signed_urls import is_signed, sign
from lamina.service.service import Service


@dataclass(frozen=True, slots=True)
class PixelAddresses:
    """Of the pixels of one stack. All are the same for a day (`Limits.url_s`), so that browsers keep what they got."""

    service: Service
    stack_id: str

    def picture(self, sha256: str) -> str:
        """The pixels as they are, as PNG."""
        return self._address("pixels", sha256)

    def preview(self, sha256: str) -> str:
        """The pixels, reduced to a small picture."""
        return self._address("previews", sha256)

    def _address(self, kind: str, sha256: str) -> str:
        step_s = max(1, int(self.service.limits.url_s))
        expires_at = (int(self.service.clock()) // step_s + 2) * step_s
        query = sign(self.service.secret, _signed_name(self.stack_id, sha256), expires_at)
        return f"{self.service.base_url}/v1/stacks/{self.stack_id}/{kind}/{sha256}.png?{query}"


def check_address(service: Service, stack_id: str, sha256: str, expires: int | None, signature: str) -> None:
    """Raises `LaminaError` (not_found) if a signature is invalid or has expired."""
    if not is_signed(service.secret, _signed_name(stack_id, sha256), expires, signature, service.clock()):
        raise LaminaError(
            ErrorCode.NOT_FOUND,
            "The URL of these pixels has expired, or its signature is invalid.",
            "Get the stack again for new URLs.",
        )


def _signed_name(stack_id: str, sha256: str) -> str:
    return f"{stack_id}/{sha256}"
