using System.Collections.Frozen;

namespace Retention.Server.Feed;

/// <summary>
/// Which fields of a tenant's own facts the feed tells, and under which names: an allow-list, so that a new field is
/// told only when somebody has said that it is no personal data, no free text and no secret. protos/feed.md is made of
/// it. Facts of agreements' accounts are told as ClearingEvent instead; see <see cref="ClearingEvents"/>.
/// </summary>
public static class PublicFacts
{
    /// <summary>Grows when a name goes or changes its meaning.</summary>
    public const int Version = 1;

    // One line a fact: grain kind, stored name, then stored>public names; {} holds those of an object or of each
    // element of a list; $ stands for one of the parts below. "-" alone: the name says it all.
    private const string Table = """
        tenant TenantCreated: tenantId>tenant_id displayName>display_name currency>currency_code timeZone>time_zone virtualStartAt>virtual_start_time
        tenant BrandCreated: brand{brandId>brand_id displayName>display_name}
        tenant StoreCreated: store{storeId>store_id brandId>brand_id displayName>display_name timeZone>time_zone entityId>entity_id parentId>parent_id}
        tenant LegalEntityCreated: entity{entityId>entity_id displayName>display_name vatId>vat_id country}
        tenant ProgramUpdated: program{version millipointsPerUnit>millipoints_per_unit roundToMillipoints>round_to_millipoints lotDays>lot_days millipointsCapPerPurchase>millipoints_cap_per_purchase returnMayGoNegative>return_may_go_negative tills>till_rules{reassignDays>reassign_days purchaseAheadMinutes>purchase_ahead_minutes requiresTillIds>require_till_ids ownCard>own_card cardVelocity>card_velocity cardUsesPerHour>card_uses_per_hour cardUsesPerDay>card_uses_per_day}}
        tenant CashiersKnown: -
        tenant ClockAdvanced: to>to_time
        tenant AgreementNoted: agreement{agreementId>agreement_id brandId>brand_id otherBrandId>other_brand_id codePrefix>code_prefix}
        tenant ProposalsDropped: agreementIds>agreement_ids
        tenant TriggerSet: leg{agreementId>agreement_id legId>leg_id brandId>brand_id minimumBasketMinorUnits>minimum_basket_minor_units categories isPaused>paused termsVersion>terms_version endsAt>end_time}
        credential CredentialCreated: credentialId>credential_id role brandId>brand_id storeId>store_id expiresAt>expire_time at>time
        credential CredentialRotated: oldUntil>old_until_time expiresAt>expire_time at>time
        credential CredentialRevoked: at>time
        credentials-of OwnerRegistered: at>time
        credentials-of CredentialsListed: credentialIds>credential_ids
        customer enrolled: $at $origin c>consents$consent
        customer card-replaced: $at $origin
        customer card-blocked: $at $origin
        customer profile: $at $origin
        customer consents: $at $origin c>consents$consent
        customer contact: $at $origin id>contact_id ch>channel in>inbound pu>purpose t>contact_time
        customer erased: $at $origin
        customer purchase: $at $origin s>source i>purchase_id t>purchase_time a>total_minor_units nm>not_money_minor_units q>accrued_millipoints cap>capped_millipoints d>paid_debt_millipoints n>lot_number v>rule_version x>expire_time l>lines{i>line_id p>product_id c>category n>quantity a>amount_minor_units d>discount_minor_units x>tax_minor_units} or>order_id rd>redemption_ids e>entity_id
        customer return: $at $origin s>source i>purchase_id ri>return_id a>amount_minor_units q>reversed_millipoints sl>slices$slice z>expired_millipoints d>debt_millipoints w>forgiven_millipoints
        customer redeemed: $at $origin id>redemption_id m>millipoints sl>slices$slice gift>gift_id s>source or>order_id
        customer redemption-reversed: $at $origin id>redemption_id m>millipoints sl>slices$slice pb>paid_debt_slices$slice
        customer void: $at $origin s>source i>purchase_id a>amount_minor_units q>reversed_millipoints sl>slices$slice z>expired_millipoints d>debt_millipoints w>forgiven_millipoints
        customer handed-over: $at $origin s>source i>purchase_id to>to_customer_id a>amount_minor_units q>reversed_millipoints sl>slices$slice z>expired_millipoints d>debt_millipoints w>forgiven_millipoints
        customer taken-over: $at $origin s>source i>purchase_id from>from_customer_id b>brand_id t>purchase_time a>amount_minor_units q>accrued_millipoints d>paid_debt_millipoints n>lot_number v>rule_version x>expire_time e>entity_id
        customer held: $at $origin id>hold_id m>millipoints sl>slices$slice x>expire_time
        customer hold-captured: $at $origin hold>hold_id id>redemption_id m>millipoints sl>slices$slice
        customer hold-voided: $at $origin hold>hold_id
        customer adjusted: $at $origin m>millipoints sl>slices$slice in>lots$slice pb>paid_debt_slices$slice
        customer sent: $at $origin id>transfer_id to>to_customer_id m>millipoints sl>slices$slice
        customer received: $at $origin id>transfer_id from>from_customer_id m>millipoints in>lots$slice pb>paid_debt_slices$slice
        customer link-offered: $at $origin g>agreement_id sd>side b>brand_id x>expire_time
        customer linked: $at $origin g>agreement_id sd>side b>brand_id id>link_id
        customer unlinked: $at $origin g>agreement_id id>link_id
        customer joint-coupon: $at $origin c>coupon{id>coupon_id g>agreement_id b>redeeming_brand_id d>discount_minor_units cu>currency_code x>expire_time}
        customer joint-coupon-gone: $at $origin id>coupon_id g>agreement_id used>redeemed
        cashier cashier-registered: $at customer_id
        card-use card-used: $at hour>hour_start_time day>date
        till-day till-flagged: $at store_id till_id cashier_id rule customer_id what
        key taken: $at c>customer_id
        key freed: $at
        key blocked: $at
        purchase returned: $at ri>return_id c>customer_id l>lines{i>line_id n>quantity a>amount_minor_units} a>amount_minor_units q>reversed_millipoints all>nothing_remains
        purchase voided: $at c>customer_id a>amount_minor_units q>reversed_millipoints
        purchase reassigned: $at from>from_customer_id to>to_customer_id n>lot_number
        offer offer-created: $at offer{$offer}
        offer offer-updated: $at offer{$offer}
        offer offer-budget-reached: $at percent given>given_minor_units budget>budget_minor_units
        offer offer-targets-added: $at count
        offer offer-targets-listed: $at count
        offer offer-activated: $at
        offer offer-paused: $at
        offer offer-coupons-issued: $at count reserve{$reserve}
        offer offer-coupon-voided: $at coupon>coupon_id unreserved{$reserve}
        offer offer-redeemed: $at redemption>redemption_id customer>customer_id discount>discount_minor_units day>date unreserved{$reserve}
        offer offer-redemption-reversed: $at redemption>redemption_id discount>discount_minor_units day>date return_id reserve{$reserve}
        offer offer-redemption-reduced: $at redemption>redemption_id discount>discount_minor_units return_id
        offer offer-reserved: $at reservation>reservation_id customer>customer_id discount>discount_minor_units expires_at>expire_time
        offer offer-reservation-released: $at reservation>reservation_id
        offer-targets targets-listed: customer_ids
        offer-targets targets-moved: customer_ids
        offer-use use-targeted: $at
        offer-use use-redeemed: redemption>redemption_id
        offer-use use-reversed: redemption>redemption_id
        offer-use use-reserved: $at reservation>reservation_id expires_at>expire_time
        offer-use use-reservation-released: reservation>reservation_id
        offer-directory offer-listed: offer_id
        offer-directory offer-counted: -
        code-series code-series-issued: $at offer_id prefix>code_prefix count expires_at>expire_time reserve{$reserve}
        code-series code-series-counted: -
        code code-offered: offer_id campaign_id
        coupon coupon-issued: $at offer_id customer_id expires_at>expire_time reserve{$reserve}
        coupon coupon-redeemed: $at redemption>redemption_id discount>discount_minor_units
        coupon coupon-reversed: $at redemption>redemption_id reserve{$reserve}
        coupon coupon-voided: $at
        coupon coupon-reserved: $at reservation>reservation_id expires_at>expire_time
        coupon coupon-reservation-released: $at reservation>reservation_id
        coupon-redemption redemption-spread: $at lines{line>line_id quantity amount>amount_minor_units discount>discount_minor_units}
        coupon-redemption redemption-lines-returned: $at return_id lines{line>line_id quantity amount>amount_minor_units discount>discount_minor_units}
        coupon-redemption redemption-closed: $at
        coupon-redemption redemption-stacked: $at agreement_id discount_minor_units
        entity-account entity-cleared: $at on>date number first>first_entity_id second>second_entity_id currency>currency_code redemption>redemption_id cause subject first_minor_units second_minor_units
        entity-account entity-reversed: $at on>date number first>first_entity_id second>second_entity_id currency>currency_code redemption>redemption_id cause subject first_minor_units second_minor_units
        wallet wallet-filled: -
        signing-keys signing-key-made: $at key_id public_key
        signing-keys signing-key-revoked: $at key_id
        offline-book offline-accepted: $at redemption>redemption_id discount>discount_minor_units source order_id till_at>till_time
        offline-book offline-conflict-counted: $at loss>loss_minor_units
        offline-book offline-conflicted: conflict{number coupon_id offer_id source order_id store_id till_id reasons loss>loss_minor_units borne_by>loss_party till_at>till_time captured_at>capture_time}
        agreement agreement-proposed: $at agreement_id first>issuing{tenant_id brand_id} second>redeeming{tenant_id brand_id} terms_version is_sandbox>sandbox terms{$terms}
        agreement agreement-amended: $at side terms_version terms{$terms}
        agreement agreement-accepted: $at side terms_version
        agreement agreement-paused: $at side
        agreement agreement-resumed: $at side
        agreement agreement-ended: $at side ends_at>end_time
        """;

    private static readonly (string Name, string Text)[] Parts =
    [
        ("$at", "at>time"),
        ("$origin", "o>origin{by>credential_id b>brand_id st>store_id ti>till_id ca>cashier_id}"),
        ("$offer", "offer_id campaign_id brand_id kind code code_prefix changes discount{$discount} conditions{$conditions} limits{$limits} validity{start_on>start_date end_on>end_date time_zone days_after_issue} budget_minor_units reserves_at_issue funding{entity_id share_bps} offline{ceiling_minor_units max_delay_seconds}"),
        ("$reserve", "minor_units ends_at>end_time"),
        ("$discount", "amount_minor_units share_bps cap_minor_units on_matching_lines free_product_id priced_product_id price_minor_units priced_units_max gift_credit_minor_units"),
        ("$conditions", "minimum_basket_minor_units categories store_ids targets_only product_ids times{weekdays from_minute to_minute} first_purchase bins"),
        ("$limits", "total per_customer per_day total_discount_minor_units per_customer_period period per_store"),
        ("$consent", "{b>brand_id ch>channel pu>purpose yes>granted txt>text_version at>change_time}"),
        ("$terms", "discount_minor_units currency>currency_code minimum_basket_minor_units categories days_valid max_open_per_customer max_issued_per_customer_month issuer_share_bps issuer_rounds time_zone mirrors_returns claw_back_days reversed_stays_used is_mirrored>mirrored suppress_under notice_days settles_at_sale confirm_within_seconds claw_back_days_after_end due_days dispute_days dispute_answer_days fees{trigger issuer_pays amount_minor_units bps>share_bps} tax{treatment rate_bps first_invoices} credit{limit_minor_units alert_bps} caps{first_funded_per_period>first_funded_minor_units_per_month second_funded_per_period>second_funded_minor_units_per_month max_open_per_person max_issued_per_person_month chain_depth} offline{ceiling_minor_units max_delay_seconds issuer_bears_loss} fx{side currency>currency_code source first_rounds discount_minor_units minimum_basket_minor_units rate_days}"),
        ("$slice", "{n>lot_number m>millipoints b>funder_brand_id v>rule_version f>active_from_time x>expire_time e>entity_id}"),
    ];

    /// <summary>By grain kind and stored name.</summary>
    public static FrozenDictionary<(string GrainKind, string Fact), PublicShape> Shapes { get; } = Read();

    private static FrozenDictionary<(string, string), PublicShape> Read()
    {
        var text = Parts.Aggregate(Table, (table, part) => table.Replace(part.Name, part.Text, StringComparison.Ordinal));
        var shapes = new Dictionary<(string, string), PublicShape>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var names = line[..colon].Split(' ');
            shapes.Add((names[0], names[1]), PublicShape.Parse(line[(colon + 1)..]));
        }

        return shapes.ToFrozenDictionary();
    }
}
