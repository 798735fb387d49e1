#include "scheduler/doctor.h"

#include "common/database/database.h"
#include "common/doctor/doctor.h"

int scheduler_doctor(const struct config *config, bool is_json)
{
    AUTO(doctor) struct doctor *doctor = doctor_new("koppeling-scheduler", is_json);
    AUTO(PQfinish) PGconn *connection = NULL;
    bool has_schema = false;

    doctor_look_at_database(doctor, config, "koppeling_scheduler", &connection, &has_schema);
    if (has_schema) {
        doctor_ask(doctor, connection, "doctor_tables", NULL);
        doctor_ask(doctor, connection, "doctor_life", NULL);
    }
    return doctor_end(doctor);
}
