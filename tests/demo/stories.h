// The two nights of DOMAIN section 6, and what is shown afterwards.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tests/demo/stage.h"

namespace nattevagt::demo {

struct Cast {
  Actor& amalie;  // house B's shared phone
  Actor& jonas;   // house A's shared phone
  Actor& ida;     // forvagt
  Actor& rune;    // bagvagt
  Actor& lis;     // akutmodtagelse
  Actor& vera;    // regional vagtleder
  Actor& tove;    // botilbudsteam; her device is off at night
  Actor& archive_solvang;
  Actor& archive_havbakken;
  std::string first_alert;  // of the night when advice was given
};

Cast make_cast(Stage& stage);

// A roster with its night's minutes as seconds.
std::string with_seconds(std::string toml);
// Solvang's roster as it is, or with_seconds(), published.
void publish_solvang(Stage& stage, bool seconds);

// Who is on duty when: Ida first, Rune behind her, whatever the day. With it devices are asked to check in.
void publish_rota(Stage& stage);

void advice_given(Stage& stage, Cast& cast);    // 6a
void nobody_answers(Stage& stage, Cast& cast);  // 6b, its minutes as seconds
void phone_is_lost(Stage& stage, Cast& cast);   // revoked, cut, refused; a used grant
void proof(Stage& stage, Cast& cast);           // journals; what the hub holds. Stops the hub.

// Words that were said and must be nowhere at the hub.
const std::vector<std::string>& words_said();

}  // namespace nattevagt::demo
