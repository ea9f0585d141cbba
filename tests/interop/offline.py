"""A till without the network: checks a signed coupon by openssl and the public key alone, gives it, and captures it later.

Speaks Connect (JSON over POST) with the standard library only. Usage: offline.py HTTP_ADDRESS PLATFORM_KEY
"""
import base64, datetime, json, pathlib, subprocess, sys, tempfile, urllib.parse, urllib.request, uuid

HTTP, PLATFORM = sys.argv[1], sys.argv[2]


def call(method, key, **request):
    body = json.dumps(request).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"http://{HTTP}/retention.v1.{method}", body, headers)) as answer:
        return json.load(answer)


def change(method, key, **request):
    return call(method, key, requestId=str(uuid.uuid4()), **request)


class Till:
    """Knows public keys, its clock and nothing else."""

    def __init__(self, keys):
        self.keys, self.given, self.orders = {key["keyId"]: key["publicKey"] for key in keys}, [], 0

    def read(self, coupon):
        """The fields of the signed text, or None where nobody signed it."""
        text = coupon["signedText"]
        fields = dict(part.split("=", 1) for part in text.split(";")[1:])
        fields = {name: urllib.parse.unquote(value) for name, value in fields.items()}
        if text.split(";")[0] != "RC1" or fields["key"] not in self.keys:
            return None
        with tempfile.TemporaryDirectory() as folder:
            files = {"key": self.keys[fields["key"]].encode(), "signature": base64.b64decode(coupon["signature"]), "text": text.encode()}
            for name, content in files.items():
                pathlib.Path(folder, name).write_bytes(content)
            check = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "text"]
            return fields if subprocess.run(check, cwd=folder, capture_output=True).returncode == 0 else None

    def give(self, coupon, basket):
        """The discount on a basket in minor units, or None."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = self.read(coupon)
        if fields is None or (fields["until"] and now >= fields["until"]) or now < fields["from"] or basket < int(fields["minimum_basket"]):
            return None
        off = int(fields["amount"]) or basket * int(fields["share_bps"]) // 10_000
        off = min(off, basket, int(fields["at_most"]) or off)
        self.orders += 1
        total = {"currencyCode": fields["currency"], "minorUnits": basket}
        self.given.append({
            "code": fields["code"], "source": "till-7", "orderId": f"offline-{self.orders}", "tillId": "7", "cashierId": "1",
            "tillTime": now, "signedText": coupon["signedText"], "signature": coupon["signature"], "basket": {"total": total},
        })
        return off


def main():
    tenant = f"chain-{uuid.uuid4().hex[:8]}"
    admin = change(
        "TenantService/CreateTenant", PLATFORM, tenantId=tenant, displayName="Chain", currencyCode="USD", timeZone="Europe/Vilnius",
    )["adminApiKey"]
    usd = lambda cents: {"currencyCode": "USD", "minorUnits": cents}
    change("OfferService/CreateOffer", admin, offer={
        "offerId": "tenth", "discount": {"shareBps": 1000}, "offline": {"ceiling": usd(300)}, "kind": "OFFER_KIND_UNIQUE_CODES",
    })
    change("OfferService/ActivateOffer", admin, offerId="tenth")
    codes = [coupon["code"] for coupon in change("OfferService/IssueCoupons", admin, offerId="tenth", count=2)["coupons"]]
    change("CouponService/RotateSigningKey", admin, reason="first key")
    coupons = call("CouponService/SignCoupons", admin, coupons=[{"code": code} for code in codes])["coupons"]

    till = Till(call("CouponService/ListSigningKeys", admin)["keys"])
    forged = {**coupons[0], "signedText": coupons[0]["signedText"].replace("share_bps=1000", "share_bps=9000")}
    report("a forged text is refused without the network", till.give(forged, 1000) is None)
    report("a tenth of 10.00 is 1.00", till.give(coupons[0], 1000) == 100)
    report("a tenth of 100.00 stays within the ceiling of 3.00", till.give(coupons[1], 10_000) == 300)

    change("CouponService/RedeemCoupon", admin, code=codes[1], basket={"total": usd(500)})
    results = [change("CouponService/CaptureOffline", admin, items=till.given)["results"] for _ in range(2)]
    report("the first capture is a redemption of 1.00", int(results[0][0]["redemption"]["discount"]["minorUnits"]) == 100)
    report("what was redeemed elsewhere meanwhile is a conflict", results[0][1]["conflict"]["reasons"] == ["ALREADY_REDEEMED"])
    report("capturing again answers the same", results[0] == results[1])
    book = call("CouponService/ListOfflineConflicts", admin)
    report("the loss of 3.00 stands in the report", (len(book["conflicts"]), int(book["loss"]["minorUnits"])) == (1, 300))


def report(what, holds):
    print(("ok " if holds else "FAILED ") + what)


main()
