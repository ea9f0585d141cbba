using Retention.Domain.Agreements;
using Retention.Kernel;
using Retention.Server.Rpc;
using Retention.Transport;
using Retention.V1;

namespace Retention.Server.Services;

/// <summary>New versions of terms.</summary>
public sealed partial class AgreementService
{
    private static readonly ProtoReply<AgreementView, AmendAgreementResponse> Amended =
        new(view => new() { Agreement = view.ToProto() });

    // Parties never change, and the zone is the agreement's where the request names none.
    private async ValueTask<AmendAgreementResponse> AmendAgreement(AmendAgreementRequest request, CallContext call)
    {
        var agreementId = RequestField.Id(request.AgreementId, "agreement_id");
        var asker = await grains.Asker(call, request);
        var partition = PartitionId.Agreement(agreementId);
        var seen = await grains.Read<AgreementView>(
            call, request, partition, turn => AgreementTurns.Get(turn, asker, agreementId));
        var (state, terms) = (seen.State, request.Terms);
        var amended = terms.ToDomain(state.First, state.Second, state.Agreed.TimeZone);
        return await grains.Change(
            call, request, partition, turn => AmendmentTurns.Amend(turn, asker, agreementId, amended), Amended);
    }
}
